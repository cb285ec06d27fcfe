import { toText } from "../core/to_text.ts";
import type { Outcome } from "../core/state.ts";
import type { TraceEntry } from "../core/trace.ts";
import { type Column, packColumn, packFollowing } from "./trace_column.ts";

/** How many values stand for an entry. */
const WIDTH = 6;
/** How many entries the first block holds: most runs are short, and there may be many of them. */
const FIRST_LENGTH = 4;
/** Blocks grow up to this many entries: small enough to be young objects. */
const MAX_LENGTH = 256;
/** A run of that many entries is a long one: what it has from there on is packed, that many at a time. */
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
  /** Blocks that are full, as they were written. */
  #blocks: unknown[][] = [];
  /** The columns of what came after them. */
  #packed: Column[][] = [];
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
    this.#used = 0;
    if (this.#room > LONG_RUN) {
      // The block is the same for all that follows: a new one each time makes V8 take more room than it needs.
      this.#packed.push(pack(this.#block));
      return;
    }
    this.#blocks.push(this.#block);
    const length = this.#room < LONG_RUN ? Math.min(Math.max(this.#room, FIRST_LENGTH), MAX_LENGTH) : LONG_LENGTH;
    this.#room += length;
    this.#block = new Array(length * WIDTH);
  }

  #toEntries(): TraceEntry[] {
    const entries: TraceEntry[] = [];
    const read = (block: readonly unknown[], used: number) => {
      for (let at = 0; at < used; at += WIDTH) entries.push(toEntry(block.slice(at, at + WIDTH)));
    };
    for (const block of this.#blocks) read(block, block.length);
    for (const columns of this.#packed) {
      for (let at = 0; at < LONG_LENGTH; at += 1) entries.push(toEntry(columns.map((column) => column(at))));
    }
    read(this.#block, this.#used);
    this.#blocks = [];
    this.#packed = [];
    this.#block = [];
    return entries;
  }
}

/** The columns of a full block, in the order in which `record` writes. */
function pack(values: readonly unknown[]): Column[] {
  const rows = { values, width: WIDTH };
  const value = packColumn(rows, 3);
  // Most steps are given what the one before them has made.
  const payload = packFollowing(rows, 2, 3, value);
  return [packColumn(rows, 0), packColumn(rows, 1), payload, value, packColumn(rows, 4), packColumn(rows, 5)];
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
