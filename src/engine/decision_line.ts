import type { Token } from "../core/token.ts";

/** Lets decisions be taken one at a time, in the order in which their actions finished. */
export class DecisionLine {
  /** The first one's decision is under way, the others wait for what lets them go. */
  readonly #line = new Map<Token, () => void>();

  /** Waits until the decisions before the token's are through; `null` if none is under way. */
  wait(token: Token): Promise<void> | null {
    return this.#line.size === 0 ? null : this.#lineUp(token);
  }

  /** The token's decision takes its time: those that come after it wait. */
  hold(token: Token): void {
    if (!this.#line.has(token)) this.#line.set(token, () => {});
  }

  /** The token's decision is through, or nothing comes of it. */
  leave(token: Token): void {
    const go = this.#line.get(token);
    if (go === undefined) return;
    this.#line.delete(token);
    go();
    const [next] = this.#line.values();
    next?.();
  }

  /** On its own, so that `wait` keeps nothing for a closure: it is asked at every step. */
  #lineUp(token: Token): Promise<void> {
    return new Promise((go) => this.#line.set(token, go));
  }
}
