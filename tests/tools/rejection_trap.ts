/** Collects the rejections that nobody handles, for as long as it is in scope. */
export class RejectionTrap implements Disposable {
  readonly reasons: unknown[] = [];

  constructor() {
    globalThis.addEventListener("unhandledrejection", this.#catch);
  }

  [Symbol.dispose](): void {
    globalThis.removeEventListener("unhandledrejection", this.#catch);
  }

  readonly #catch = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    this.reasons.push(event.reason);
  };
}
