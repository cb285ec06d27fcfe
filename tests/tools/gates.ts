interface Waiting {
  readonly name: string;
  readonly open: () => void;
}

/** What actions wait at until a test lets them go on. */
export class Gates {
  #waiting: Waiting[] = [];
  readonly #aborted: string[] = [];

  /** The names of those that wait, in the order in which they came. */
  get waiting(): string[] {
    return this.#waiting.map(({ name }) => name);
  }

  /** The names of those whose signal was aborted while they waited. */
  get aborted(): readonly string[] {
    return this.#aborted;
  }

  wait(name: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const abort = () => this.#aborted.push(name);
      signal?.addEventListener("abort", abort);
      const open = () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      this.#waiting.push({ name, open });
    });
  }

  /** Lets the first one of that name go on. */
  open(name: string): void {
    const index = this.#waiting.findIndex((waiting) => waiting.name === name);
    if (index < 0) throw new Error(`Nobody waits at "${name}": ${this.waiting.join(", ")}`);
    this.#waiting.splice(index, 1)[0]?.open();
  }

  /** Lets all go on, or all of a name. */
  openAll(name?: string): void {
    const going = this.#waiting.filter((waiting) => name === undefined || waiting.name === name);
    this.#waiting = this.#waiting.filter((waiting) => !going.includes(waiting));
    for (const { open } of going) open();
  }
}
