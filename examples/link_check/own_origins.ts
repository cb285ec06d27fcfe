/** More are not remembered: whoever may forge a `Host` could make up any number of them. */
const MAX_LEARNED = 16;

/** The app's addresses: given by whoever serves it, or learned from the latest requests. */
export class OwnOrigins {
  readonly #origins: Set<string>;
  readonly #isTold: boolean;

  /** @param told All there are, `undefined` for those that are still to be learned */
  constructor(told: readonly string[] | undefined) {
    this.#origins = new Set(told);
    this.#isTold = told !== undefined;
  }

  /** All that are known. */
  get all(): readonly string[] {
    return [...this.#origins];
  }

  /** A client has found the app there. */
  learn(origin: string): void {
    if (this.#isTold) return;
    this.#origins.delete(origin);
    this.#origins.add(origin);
    const [oldest] = this.#origins;
    if (oldest !== undefined && this.#origins.size > MAX_LEARNED) this.#origins.delete(oldest);
  }
}
