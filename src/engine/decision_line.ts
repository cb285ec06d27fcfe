import type { Token } from "../core/token.ts";

/** Lets decisions be taken one at a time, in the order in which their actions finished. */
export class DecisionLine {
  /** The first one's decision is under way, the others wait for what lets them go. None until there is one. */
  #line: Map<Token, () => void> | null = null;

  /** Waits until the decisions before the token's are through; `null` if none is under way. */
  wait(token: Token): Promise<void> | null {
    return this.#line === null || this.#line.size === 0 ? null : this.#lineUp(this.#line, token);
  }

  /** The token's decision takes its time: those that come after it wait. */
  hold(token: Token): void {
    this.#line ??= new Map();
    if (!this.#line.has(token)) this.#line.set(token, () => {});
  }

  /** The token's decision is through, or nothing comes of it. */
  leave(token: Token): void {
    const line = this.#line;
    const go = line?.get(token);
    if (line === null || go === undefined) return;
    line.delete(token);
    go();
    const [next] = line.values();
    next?.();
  }

  /** On its own, so that `wait` keeps nothing for a closure: it is asked at every step. */
  #lineUp(line: Map<Token, () => void>, token: Token): Promise<void> {
    return new Promise((go) => line.set(token, go));
  }
}
