import { median } from "../tools/measure.ts";
import type { Measured } from "./items/item.ts";

/** What all processes have measured, by item, contestant and metric. */
export class Samples {
  readonly #samples = new Map<string, (number | string)[]>();

  add(item: string, file: string, measured: Measured): void {
    for (const [metric, value] of Object.entries(measured)) {
      const key = toKey(item, file, metric);
      this.#samples.set(key, [...this.#samples.get(key) ?? [], value]);
    }
  }

  /** How many samples there are of what was sampled most often. */
  get mostTaken(): number {
    return Math.max(0, ...[...this.#samples.values()].map(({ length }) => length));
  }

  /** The median of the numbers; where there is none, what was told instead of it; `null` if nothing was measured. */
  get(item: string, file: string, metric: string): number | string | null {
    const numbers = this.numbers(item, file, metric);
    return numbers.length > 0 ? median(numbers) : this.#samples.get(toKey(item, file, metric))?.[0] ?? null;
  }

  /** Every number that was measured. */
  numbers(item: string, file: string, metric: string): readonly number[] {
    const samples = this.#samples.get(toKey(item, file, metric)) ?? [];
    return samples.filter((sample) => typeof sample === "number");
  }

  /** The number, if there is one. */
  number(item: string, file: string, metric: string): number | null {
    const value = this.get(item, file, metric);
    return typeof value === "number" ? value : null;
  }
}

function toKey(...words: readonly string[]): string {
  return words.join("/");
}
