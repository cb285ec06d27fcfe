import type { Group } from "../core/group.ts";
import { GroupResults } from "../core/group_results.ts";
import { IntMap } from "../core/int_map.ts";
import type { Result } from "../core/result.ts";
import { apply, type Outcome, type RunCounters, type RunState, stopsGroup, sweepGroups } from "../core/state.ts";
import { isBefore, type Route, type Token } from "../core/token.ts";
import { TokenQueue } from "../core/token_queue.ts";
import { StoredContext, UNDEFINED } from "./stored_context.ts";
import type { StoredChanges, StoredDelta, StoredOutcome, StoredRoute } from "./stored_delta.ts";

/** The version of the format that states and records are written in. */
const FORMAT = 1;

/** An attempt that failed and is to be followed by another. */
export interface PendingRetry {
  /** The attempt that failed. */
  readonly attempt: number;
  /** When the next one is due, in epoch ms. */
  readonly dueAt: number;
}

/** A run's state as it is stored. */
export interface StoredState {
  readonly format: number;
  readonly counters: RunCounters;
  /** Steps finished so far, those of runs inside included. */
  readonly finished: number;
  /** The queue, with the tokens that are at work. */
  readonly tokens: readonly Token[];
  readonly groups: readonly (readonly [number, StoredGroup])[];
  readonly retries: readonly (readonly [number, PendingRetry])[];
  readonly context: Readonly<Record<string, unknown>>;
  /** The keys of the context whose value is `undefined`. */
  readonly blank: readonly string[];
}

type StoredGroup = Omit<Group, "results" | "splits"> & {
  readonly results: readonly (readonly [number, Result])[];
  /** Default: none. */
  readonly splits?: readonly (readonly [number, number | undefined])[];
};

/** The state of a run, put together from a snapshot and the records after it. */
export class RestoredState {
  readonly context: StoredContext = new StoredContext();
  /** By the token's id. */
  readonly retries: Map<number, PendingRetry>;
  /** Steps finished so far, those of runs inside included. */
  finished: number;
  readonly #tokens = new Map<number, Token>();
  /** Those that the record at hand has stopped: their outcomes are in it as well, if they were at work. */
  readonly #stopped = new Map<number, Token>();
  #counters: RunCounters;
  #groups: RunState["groups"] = IntMap.empty;

  /** Throws a `TypeError` if it is no state of this format. */
  constructor(stored: StoredState) {
    if (stored.format !== FORMAT) throw new TypeError(`it is of format ${stored.format}, not ${FORMAT}`);
    for (const token of stored.tokens) this.#tokens.set(token.id, token);
    for (const [id, { results, splits = [], ...group }] of stored.groups) {
      const restored = { ...group, results: GroupResults.of(group.size, results), splits: toIntMap(splits) };
      this.#groups = this.#groups.with(id, restored);
    }
    this.#change(stored);
    this.retries = new Map(stored.retries);
    this.finished = stored.finished;
    this.#counters = stored.counters;
  }

  /** The steps that the run will come to for sure: those of its tokens, and those that its groups end in. */
  *steps(): Generator<string, void, undefined> {
    for (const { step } of this.#tokens.values()) yield step;
    for (const [, group] of this.#groups.toJSON()) if (group !== undefined) yield group.then;
  }

  /** As a store keeps it. */
  toText(): string {
    return encodeState(this.toState(), [], this.finished, this.retries, this.context);
  }

  /** Takes in what one commit has changed. Throws a `TypeError` if it cannot follow what came before. */
  fold(record: readonly StoredDelta[]): void {
    for (const delta of record) {
      if (!("token" in delta)) this.#count(delta.tokens, delta.steps);
      else if ("attempt" in delta) {
        this.retries.set(this.#find(delta.token).id, { attempt: delta.attempt, dueAt: delta.dueAt });
        this.#change(delta);
      } else this.#finish(this.#find(delta.token), delta);
    }
    this.#stopped.clear();
  }

  /** The state to go on from: every token that was at work waits again, in its place. */
  toState(): RunState {
    let queue = TokenQueue.empty;
    for (const token of inOrder(this.#tokens.values())) queue = queue.withTail(token);
    return this.#toState(queue);
  }

  #finish(token: Token, delta: StoredOutcome): void {
    this.#tokens.delete(token.id);
    this.retries.delete(token.id);
    this.#count(delta.tokens, delta.steps + 1);
    const outcome = toOutcome(delta, token);
    const before = this.#toState(TokenQueue.empty);
    const after = apply(before, outcome);
    this.#groups = after.groups;
    this.#counters = after.counters;
    for (const added of after.queue) this.#tokens.set(added.id, added);
    if (token.member !== null && stopsGroup(before, outcome)) this.#sweep();
    const { value } = outcome.result;
    const resultKey = `result.${token.step}`;
    this.#change(delta);
    const { context = {}, blank = [], deleted = [] } = delta;
    const isOverridden = Object.hasOwn(context, resultKey) || [...blank, ...deleted].includes(resultKey);
    if (!isOverridden) this.context.set(resultKey, value === undefined ? UNDEFINED : JSON.stringify(value));
  }

  #change({ context = {}, blank = [], deleted = [] }: StoredChanges): void {
    for (const [key, value] of Object.entries(context)) this.context.set(key, JSON.stringify(value));
    for (const key of blank) this.context.set(key, UNDEFINED);
    for (const key of deleted) this.context.set(key, null);
  }

  #count(tokens: number, finished: number): void {
    this.#counters = { ...this.#counters, tokens };
    this.finished = finished;
  }

  #find(id: number): Token {
    const token = this.#tokens.get(id) ?? this.#stopped.get(id);
    if (token === undefined) throw new TypeError(`there is no token ${id}`);
    return token;
  }

  /** A group has stopped, so its tokens go. */
  #sweep(): void {
    this.#groups = sweepGroups(this.#groups, (isLive) => {
      for (const token of this.#tokens.values()) if (!isLive(token)) this.#stopped.set(token.id, token);
    });
    for (const id of this.#stopped.keys()) {
      this.#tokens.delete(id);
      this.retries.delete(id);
    }
  }

  #toState(queue: TokenQueue): RunState {
    return { queue, context: {}, counters: this.#counters, groups: this.#groups };
  }
}

/** A run's state as one JSON object; `atWork` are the tokens that are not in its queue. */
export function encodeState(
  { queue, counters, groups }: Pick<RunState, "queue" | "counters" | "groups">,
  atWork: Iterable<Token>,
  finished: number,
  retries: ReadonlyMap<number, PendingRetry>,
  context: StoredContext,
): string {
  const stored: Omit<StoredState, "context"> = {
    blank: context.blankKeys(),
    format: FORMAT,
    counters,
    finished,
    tokens: [...queue, ...atWork],
    groups: groups.toJSON().flatMap(([id, group]) =>
      group === undefined
        ? []
        : [[id, { ...group, results: group.results.toJSON(), splits: group.splits.toJSON() }] as const]
    ),
    retries: [...retries],
  };
  // The values of the context are JSON already.
  return `${JSON.stringify(stored).slice(0, -1)},"context":${context.toText()}}`;
}

/** The outcome as `apply` takes it. */
export function toOutcome({ ok, value, routed = [] }: StoredOutcome, token: Token): Outcome {
  const result: Result = ok ? { ok, value, error: null } : { ok, value: null, error: value };
  const payloadOf = ({ payload = result.value, isEmpty }: StoredRoute) => isEmpty ? undefined : payload;
  const routes: Route[] = [];
  let itemsLeft = 0;
  for (const [at, route] of routed.entries()) {
    const { step, isHead, group } = route;
    if (itemsLeft > 0) itemsLeft -= 1;
    else if (group === undefined) {
      routes.push({ step, payload: payloadOf(route), where: isHead ? "head" : "tail", fanOut: null });
    } else {
      const [size, then, mode] = group;
      const payload = routed.slice(at, at + size).map(payloadOf);
      routes.push({ step, payload, where: "tail", fanOut: { size, then, mode } });
      itemsLeft = size - 1;
    }
  }
  return { token, attempts: 1, result, routed: routes };
}

function inOrder(tokens: Iterable<Token>): Token[] {
  return [...tokens].sort((first, second) => isBefore(first, second) ? -1 : 1);
}

function toIntMap(entries: NonNullable<StoredGroup["splits"]>): Group["splits"] {
  let map: Group["splits"] = IntMap.empty;
  for (const [key, value] of entries) map = map.with(key, value);
  return map;
}
