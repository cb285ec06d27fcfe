import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { apply, initialState, type Outcome, type RunState } from "../../src/core/state.ts";
import type { Route, Token, Where } from "../../src/core/token.ts";
import { IntMap } from "../../src/core/int_map.ts";
import { TokenQueue } from "../../src/core/token_queue.ts";

Deno.test("initialState() is one token for the start step", () => {
  const context = { seen: 0 };

  const state = initialState({ id: 1, parent: null, step: "load", payload: { batch: "B-1" } }, context);

  assertEquals(toPlain(state), {
    queue: [{ id: 1, parent: null, step: "load", payload: { batch: "B-1" }, where: "tail", member: null }],
    context: { seen: 0 },
    counters: { tokens: 1, steps: 0, groups: 0 },
    groups: [],
  });
  assertStrictEquals(state.context, context);
});

Deno.test("apply() takes the token that is done off the queue", () => {
  const applied = apply(loading(), outcomeOf([]));

  assertEquals(toPlain(applied), {
    queue: [],
    context: { seen: 0 },
    counters: { tokens: 1, steps: 1, groups: 0 },
    groups: [],
  });
});

Deno.test("apply() takes the token off also for an outcome that comes from a journal", () => {
  const journaled = structuredClone(outcomeOf([]));

  const applied = apply(loading(), journaled);

  assertEquals(toPlain(applied), {
    queue: [],
    context: { seen: 0 },
    counters: { tokens: 1, steps: 1, groups: 0 },
    groups: [],
  });
});

Deno.test("apply() leaves the tokens that still wait where they are", () => {
  const forked = apply(
    loading(),
    outcomeOf([route("a", 1, "tail"), route("b", 2, "tail")]),
  );
  const [first] = [...forked.queue];
  assert(first !== undefined);

  const applied = apply(forked, { ...outcomeOf([]), token: first });

  assertEquals([...applied.queue].map(({ step }) => step), ["b"]);
});

Deno.test("apply() counts the step and makes tokens of its routes, in their order", () => {
  const state = loading();

  const applied = apply(
    state,
    outcomeOf([
      route("a", 1, "tail"),
      route("b", 2, "tail"),
    ]),
  );

  assertEquals(toPlain(applied), {
    queue: [{ id: 2, parent: 1, step: "a", payload: 1, where: "tail", member: null }, {
      id: 3,
      parent: 1,
      step: "b",
      payload: 2,
      where: "tail",
      member: null,
    }],
    context: { seen: 0 },
    counters: { tokens: 3, steps: 1, groups: 0 },
    groups: [],
  });
});

Deno.test("apply() puts each head before all that waits, those of the same decision too", () => {
  const state = apply(
    loading(),
    outcomeOf([
      route("waiting", null, "tail"),
      route("first", null, "head"),
      route("second", null, "head"),
      route("last", null, "tail"),
    ]),
  );

  assertEquals([...state.queue].map(({ step }) => step), ["second", "first", "waiting", "last"]);
});

Deno.test("apply() leaves the state and the outcome it was given as they were", () => {
  const outcome = outcomeOf([route("a", 1, "head"), route("b", 2, "tail")]);
  const state = Object.freeze(loading());
  const before = { state: toPlain(state), outcome: structuredClone(outcome) };

  apply(state, outcome);

  assertEquals({ state: toPlain(state), outcome }, before);
});

Deno.test("apply() gives equal states for equal states and outcomes", () => {
  const state = loading();
  const outcome = outcomeOf([route("a", 1, "tail")]);

  assertEquals(toPlain(apply(state, outcome)), toPlain(apply(state, outcome)));
});

const LOAD: Token = Object.freeze({ id: 1, parent: null, step: "load", payload: "x", where: "tail", member: null });

/** A run's state while its first step is at work. */
function loading(): RunState {
  return {
    queue: TokenQueue.empty.withTail(LOAD),
    context: Object.freeze({ seen: 0 }),
    counters: Object.freeze({ tokens: 1, steps: 0, groups: 0 }),
    groups: IntMap.empty,
  };
}

function outcomeOf(routed: readonly Route[]): Outcome {
  return Object.freeze({
    token: LOAD,
    attempts: 1,
    result: Object.freeze({ ok: true, value: "value", error: null }),
    routed: Object.freeze(routed.map((route) => Object.freeze(route))),
  });
}

function route(step: string, payload: unknown, where: Where): Route {
  return { step, payload, where, fanOut: null, index: 0 };
}

function toPlain(state: RunState): unknown {
  return JSON.parse(JSON.stringify(state));
}
