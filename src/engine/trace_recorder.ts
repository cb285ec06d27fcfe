import { toText } from "../core/to_text.ts";
import type { Outcome } from "../core/state.ts";
import type { TraceEntry } from "../core/trace.ts";

/** How many values stand for an entry. */
const WIDTH = 6;
/** How many entries the first block holds: most runs are short, and there may be many of them. */
const FIRST_LENGTH = 4;
/** Blocks grow up to this many entries: small enough to be young objects. */
const MAX_LENGTH = 256;
/**
 * Those of a run of that many are so large that V8 never copies them: what it copies makes it take more room for more.
 */
const LONG_RUN = 8_192;
const LONG_LENGTH = 4_096;

/** What stands for the step's name where there is more to tell. */
interface Rare {
  readonly step: string;
  readonly error: string | null;
  readonly path: readonly string[] | null;
}

/**
 * Keeps what a trace needs as flat values, and makes entries of them when somebody looks: an object for each step that
 * lives as long as its run is costly for a garbage collector.
 */
export class TraceRecorder {
  #blocks: unknown[][] = [];
  #block: unknown[] = [];
  #used = 0;
  /** How many entries all blocks have room for. */
  #room = 0;
  #entries: readonly TraceEntry[] | null = null;

  record({ token, result, attempts }: Outcome, queueLengthAfter: number, path: readonly string[] | null): void {
    if (this.#used === this.#block.length) this.#grow();
    const { step } = token;
    const block = this.#block;
    const at = this.#used;
    block[at] = result.ok && path === null
      ? step
      : { step, error: result.ok ? null : toText(result.error), path } satisfies Rare;
    block[at + 1] = token.id;
    block[at + 2] = token.payload;
    block[at + 3] = result.value;
    block[at + 4] = attempts;
    block[at + 5] = queueLengthAfter;
    this.#used = at + WIDTH;
  }

  /** One entry a step, in the order they were done. */
  get entries(): readonly TraceEntry[] {
    this.#entries ??= this.#toEntries();
    return this.#entries;
  }

  #grow(): void {
    const length = this.#room < LONG_RUN ? Math.min(Math.max(this.#room, FIRST_LENGTH), MAX_LENGTH) : LONG_LENGTH;
    this.#room += length;
    this.#block = new Array(length * WIDTH);
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
  const [about, token, payloadIn, value, attempts, queueLengthAfter] = values as readonly [
    string | Rare,
    number,
    unknown,
    unknown,
    number,
    number,
  ];
  const { step, error, path } = typeof about === "string" ? { step: about, error: null, path: null } : about;
  const entry = { token, step, ok: error === null, payloadIn, value, error, attempts, queueLengthAfter };
  return path === null ? entry : { ...entry, path };
}
