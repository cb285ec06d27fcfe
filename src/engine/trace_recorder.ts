import { toText } from "../core/to_text.ts";
import type { Outcome } from "../core/state.ts";
import type { TraceEntry } from "../core/trace.ts";

/** How many entries the first block holds: most runs are short, and there may be many of them. */
const FIRST_LENGTH = 4;
/**
 * Blocks grow up to this many entries. Arrays of that size are never copied by V8, and what it copies of a long run makes
 * it take more room for young objects: a million entries needed 60 MB more in blocks of a hundred.
 */
const MAX_LENGTH = 8192;
/** How many values and how many numbers stand for an entry. */
const VALUES = 3;
const NUMBERS = 3;

/** The step of an entry that has more to tell about it than its name. */
interface Rare {
  readonly step: string;
  readonly error: string | null;
  readonly path: readonly string[] | null;
}

/** Entries side by side. */
interface Block {
  /** The step, the payload and the value of each. */
  readonly values: unknown[];
  /** The token, the attempts and the length of the queue of each. */
  readonly numbers: number[] | Int32Array;
}

/**
 * Keeps what a trace needs as flat values, and makes entries of them when somebody looks: an object for each step that
 * lives as long as its run is costly for a garbage collector. Numbers of long runs lie outside of its heap.
 */
export class TraceRecorder {
  readonly #blocks: Block[] = [];
  #values: unknown[] = [];
  #numbers: Block["numbers"] = [];
  /** How many entries the last block has room for, and how many it has. */
  #length = 0;
  #used = 0;
  #entries: readonly TraceEntry[] | null = null;

  record({ token, result, attempts }: Outcome, queueLengthAfter: number, path: readonly string[] | null): void {
    if (this.#used === this.#length) this.#grow();
    const { step } = token;
    const value = this.#used * VALUES;
    this.#values[value] = result.ok && path === null
      ? step
      : { step, error: result.ok ? null : toText(result.error), path } satisfies Rare;
    this.#values[value + 1] = token.payload;
    this.#values[value + 2] = result.value;
    const number = this.#used * NUMBERS;
    this.#numbers[number] = token.id;
    this.#numbers[number + 1] = attempts;
    this.#numbers[number + 2] = queueLengthAfter;
    this.#used += 1;
  }

  /** One entry a step, in the order they were done. */
  get entries(): readonly TraceEntry[] {
    this.#entries ??= this.#toEntries();
    return this.#entries;
  }

  #grow(): void {
    const length = Math.min(Math.max(this.#length * 2, FIRST_LENGTH), MAX_LENGTH);
    this.#values = new Array(length * VALUES);
    // What is made quickly for few is small for many.
    this.#numbers = length === FIRST_LENGTH ? new Array(length * NUMBERS) : new Int32Array(length * NUMBERS);
    this.#blocks.push({ values: this.#values, numbers: this.#numbers });
    this.#length = length;
    this.#used = 0;
  }

  #toEntries(): TraceEntry[] {
    const entries: TraceEntry[] = [];
    for (const { values, numbers } of this.#blocks) {
      const used = values === this.#values ? this.#used : values.length / VALUES;
      for (let at = 0; at < used; at += 1) entries.push(toEntry(values, numbers, at));
    }
    this.#blocks.length = 0;
    return entries;
  }
}

/** The types are those that `record` wrote. */
function toEntry(values: readonly unknown[], numbers: Block["numbers"], at: number): TraceEntry {
  const about = values[at * VALUES] as string | Rare;
  const { step, error, path } = typeof about === "string" ? { step: about, error: null, path: null } : about;
  const entry = {
    token: numbers[at * NUMBERS] as number,
    step,
    ok: error === null,
    payloadIn: values[at * VALUES + 1],
    value: values[at * VALUES + 2],
    error,
    attempts: numbers[at * NUMBERS + 1] as number,
    queueLengthAfter: numbers[at * NUMBERS + 2] as number,
  };
  return path === null ? entry : { ...entry, path };
}
