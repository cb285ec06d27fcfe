import { toText } from "../core/to_text.ts";
import type { Outcome } from "../core/state.ts";
import type { TraceEntry } from "../core/trace.ts";

/** How many values stand for an entry. */
const WIDTH = 8;
/** How many values the first block holds: most runs are short, and there may be many of them. */
const FIRST_LENGTH = WIDTH * 4;
/** Blocks grow up to this many values: small enough to be young objects. */
const MAX_LENGTH = WIDTH * 256;

/**
 * Keeps what a trace needs as flat values, and makes entries of them when somebody looks: an object for each step that
 * lives as long as its run is costly for a garbage collector.
 */
export class TraceRecorder {
  #blocks: unknown[][] = [];
  #block: unknown[] = [];
  #used = 0;
  #entries: readonly TraceEntry[] | null = null;

  record({ token, result, attempts }: Outcome, queueLengthAfter: number, path: readonly string[] | null): void {
    if (this.#used === this.#block.length) this.#grow();
    const block = this.#block;
    const at = this.#used;
    block[at] = token.id;
    block[at + 1] = token.step;
    block[at + 2] = token.payload;
    block[at + 3] = result.value;
    block[at + 4] = result.ok ? null : toText(result.error);
    block[at + 5] = attempts;
    block[at + 6] = queueLengthAfter;
    block[at + 7] = path;
    this.#used = at + WIDTH;
  }

  /** One entry a step, in the order they were done. */
  get entries(): readonly TraceEntry[] {
    this.#entries ??= this.#toEntries();
    return this.#entries;
  }

  #grow(): void {
    this.#block = new Array(Math.min(Math.max(this.#block.length * 2, FIRST_LENGTH), MAX_LENGTH));
    this.#blocks.push(this.#block);
    this.#used = 0;
  }

  #toEntries(): TraceEntry[] {
    const entries: TraceEntry[] = [];
    for (const block of this.#blocks) {
      const used = block === this.#block ? this.#used : block.length;
      for (let at = 0; at < used; at += WIDTH) entries.push(toEntry(block.slice(at, at + WIDTH)));
    }
    this.#blocks = [];
    return entries;
  }
}

/** The types are those that `record` wrote. */
function toEntry(values: readonly unknown[]): TraceEntry {
  const [token, step, payloadIn, value, error, attempts, queueLengthAfter, path] = values as readonly [
    number,
    string,
    unknown,
    unknown,
    string | null,
    number,
    number,
    readonly string[] | null,
  ];
  const entry = { token, step, ok: error === null, payloadIn, value, error, attempts, queueLengthAfter };
  return path === null ? entry : { ...entry, path };
}
