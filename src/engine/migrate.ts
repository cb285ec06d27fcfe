import { toJson } from "../core/json.ts";
import type { StoredRun } from "../core/run_store.ts";
import type { Token } from "../core/token.ts";
import type { Migrate, MigrationGroup } from "./run_settings.ts";
import { RestoredState, type StoredState } from "./stored_state.ts";
import { isThenable } from "./thenable.ts";

/**
 * The state as the user's function has changed it.
 *
 * @throws {TypeError | SerializationError} If it answers no such state; nothing is changed then.
 */
export function migrated(
  restored: RestoredState,
  { runId, workflow, version }: StoredRun,
  migrate: Migrate,
): RestoredState {
  const fail = (because: string): never => {
    throw new TypeError(`Cannot migrate run ${JSON.stringify(runId)}: ${because}`);
  };
  const state: StoredState = JSON.parse(restored.toText());
  const groups = state.groups.map(([id, { then }]) => ({ id, then }));
  const changed: unknown = migrate({
    runId,
    workflow,
    version,
    tokens: state.tokens,
    groups,
    context: state.context,
  });
  if (typeof changed !== "object" || changed === null || isThenable(changed)) {
    return fail("migrate must answer an object with what has changed, and at once");
  }
  const json = toJson(changed, { name: "migrate(…)", stepName: null });
  const parts: Record<string, unknown> = JSON.parse(JSON.stringify(json));
  for (const name of Object.keys(parts)) {
    if (!PARTS.includes(name)) fail(`migrate may change ${PARTS.join(", ")}, but not ${JSON.stringify(name)}`);
  }
  const { tokens = state.tokens, context = state.context } = parts;
  if (!isObject(context)) return fail("the context must be an object");
  const before = byId(state.tokens);
  const after = toTokens(tokens, state, before, fail);
  const thens = toThens(parts.groups ?? groups, state, fail);
  return new RestoredState({
    ...state,
    context,
    blank: parts.context === undefined ? state.blank : [],
    tokens: [...after.tokens.values()],
    counters: { ...state.counters, tokens: after.lastId },
    // An attempt at another step is not one more at this one.
    retries: state.retries.filter(([id]) => after.tokens.get(id)?.step === before.get(id)?.step),
    groups: state.groups.map(([id, group]) => [id, { ...group, then: thens.get(id) ?? group.then }]),
  });
}

const PARTS = ["tokens", "groups", "context"];

function byId(tokens: readonly Token[]): Map<number, Token> {
  return new Map(tokens.map((token) => [token.id, token]));
}

/** The tokens by id, with what was left out of new ones, and the last id that there has been. */
function toTokens(
  tokens: unknown,
  state: StoredState,
  known: ReadonlyMap<number, Token>,
  fail: (because: string) => never,
): { readonly tokens: ReadonlyMap<number, Token>; readonly lastId: number } {
  if (!Array.isArray(tokens)) return fail("tokens must be an array");
  const migratedTokens = new Map<number, Token>();
  let lastId = state.counters.tokens;
  for (const token of tokens) {
    if (!isObject(token) || typeof token.step !== "string") return fail("every token must have the name of a step");
    const { id = lastId + 1, step, payload } = token;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 1 || migratedTokens.has(id)) {
      return fail(`a token's id must be a number of its own, or left out: ${JSON.stringify(id)}`);
    }
    lastId = Math.max(lastId, id);
    const before = known.get(id);
    migratedTokens.set(
      id,
      before === undefined
        ? { id, parent: null, step, payload, where: token.where === "head" ? "head" : "tail", member: null }
        : { ...before, step, payload },
    );
  }
  for (const { id, member } of state.tokens) {
    if (member !== null && !migratedTokens.has(id)) fail(`token ${id} is of a group, which waits for it`);
  }
  return { tokens: migratedTokens, lastId };
}

/** By the group's id, the step that gets its results. */
function toThens(groups: unknown, state: StoredState, fail: (because: string) => never): Map<number, string> {
  const known = new Set(state.groups.map(([id]) => id));
  const isGroup = (group: unknown): group is MigrationGroup =>
    isObject(group) && typeof group.id === "number" && known.has(group.id) && typeof group.then === "string";
  if (!Array.isArray(groups) || !groups.every(isGroup)) {
    return fail("groups must be an array of those there are, each with its id and then");
  }
  return new Map(groups.map(({ id, then }) => [id, then]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
