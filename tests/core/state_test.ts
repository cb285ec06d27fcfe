import { GroupFailedError, type Result } from "@stepstream/workflow";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals, unreachable } from "@std/assert";
import { apply, initialState, isGroupLive, type Outcome, routedTokens, type RunState } from "../../src/core/state.ts";
import type { FanOut, Route, Token, Where } from "../../src/core/token.ts";
import { IntMap } from "../../src/core/int_map.ts";
import { TokenQueue } from "../../src/core/token_queue.ts";
import { Random } from "../tools/random.ts";

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

Deno.test("apply() makes a group of the items of a fan-out, and its tokens know their places", () => {
  const applied = apply(loading(), outcomeOf([...items(["a", "b"]), route("other", 1, "tail")]));

  assertEquals(toPlain(applied), {
    queue: [
      { id: 2, parent: 1, step: "item", payload: "a", where: "tail", member: { group: 1, index: 0 } },
      { id: 3, parent: 1, step: "item", payload: "b", where: "tail", member: { group: 1, index: 1 } },
      { id: 4, parent: 1, step: "other", payload: 1, where: "tail", member: null },
    ],
    context: { seen: 0 },
    counters: { tokens: 4, steps: 1, groups: 1 },
    groups: [[1, {
      size: 2,
      then: "merge",
      mode: "settle",
      member: null,
      canStop: false,
      open: 2,
      results: [],
      splits: [],
    }]],
  });
});

Deno.test("apply() keeps the result of an item that leads nowhere", () => {
  const state = apply(loading(), outcomeOf(items(["a", "b"])));

  const applied = step(state, [], good("A"));

  assertEquals(toPlain(applied), {
    queue: [{ id: 3, parent: 1, step: "item", payload: "b", where: "tail", member: { group: 1, index: 1 } }],
    context: { seen: 0 },
    counters: { tokens: 3, steps: 2, groups: 1 },
    groups: [[1, {
      size: 2,
      then: "merge",
      mode: "settle",
      member: null,
      canStop: false,
      open: 1,
      results: [[0, { ok: true, value: "A", error: null }]],
      splits: [],
    }]],
  });
});

Deno.test("apply() puts the group's `then` at the tail once the last item is finished, and forgets the group", () => {
  const fanned = apply(loading(), outcomeOf([...items(["a", "b"]), route("other", 1, "tail")]));
  const half = step(fanned, [], good("A"));

  const applied = step(half, [], good("B"));

  assertEquals([...applied.queue], [
    { id: 4, parent: 1, step: "other", payload: 1, where: "tail", member: null },
    { id: 5, parent: 3, step: "merge", payload: [good("A"), good("B")], where: "tail", member: null },
  ]);
  assertEquals([applied.counters, toPlain(applied).groups], [{ tokens: 5, steps: 3, groups: 1 }, []]);
});

Deno.test("apply() lets what comes of an item have its place, at either end of the queue", () => {
  const fanned = apply(loading(), outcomeOf(items(["a", "b"])));

  const applied = step(fanned, [route("x", 1, "head"), route("y", 2, "tail")]);

  const member = { group: 1, index: 0 };
  assertEquals([...applied.queue], [
    { id: 4, parent: 2, step: "x", payload: 1, where: "head", member },
    { id: 3, parent: 1, step: "item", payload: "b", where: "tail", member: { group: 1, index: 1 } },
    { id: 5, parent: 2, step: "y", payload: 2, where: "tail", member },
  ]);
  assertEquals([applied.groups.get(1)?.open, applied.groups.get(1)?.results.toJSON()], [3, []]);
});

Deno.test("apply() takes of a path the result that comes last", () => {
  let state = apply(loading(), outcomeOf(items(["a"])));
  state = step(state, [route("x", 1, "tail"), route("y", 2, "tail")]);

  state = step(state, [], good("first"));
  state = step(state, [], good("last"));

  assertEquals(state.queue.head?.payload, [good("last")]);
});

Deno.test("apply() gives the `then` of a group inside a group the place of its item", () => {
  let state = apply(loading(), outcomeOf(items(["a", "b"])));

  state = step(state, items(["a1", "a2"], { then: "inner merge" }));
  assertEquals([state.groups.get(1)?.open, state.groups.get(2)?.member], [2, { group: 1, index: 0 }]);
  state = step(state, [], good("b"));
  state = step(state, [], good("a1"));
  state = step(state, [], good("a2"));

  assertEquals([...state.queue], [{
    id: 6,
    parent: 5,
    step: "inner merge",
    payload: [good("a1"), good("a2")],
    where: "tail",
    member: { group: 1, index: 0 },
  }]);
  assertEquals(step(state, [], good("a")).queue.head?.payload, [good("a"), good("b")]);
});

Deno.test("apply() goes on after a failure in a group that settles", () => {
  let state = apply(loading(), outcomeOf(items(["a", "b"])));

  state = step(state, [], bad("a"));

  assertEquals([[...state.queue].map(({ payload }) => payload), state.groups.get(1)?.open], [["b"], 1]);
});

Deno.test("apply() stops a fail-fast group at the first failure that leads nowhere, and drops what waits", () => {
  const mode = { mode: "fail-fast" } as const;
  let state = apply(loading(), outcomeOf([...items(["a", "b", "c"], mode), route("other", 1, "tail")]));
  state = step(state, [], good("A"));

  state = step(state, [], bad("B"));

  const [other, merge] = [...state.queue];
  const [, , dropped] = merge?.payload as Result[];
  assertEquals([state.queue.size, other?.step, merge?.step, merge?.parent, merge?.id], [2, "other", "merge", 3, 6]);
  assertEquals((merge?.payload as Result[]).slice(0, 2), [good("A"), bad("B")]);
  assertInstanceOf(dropped?.error, GroupFailedError);
  assertEquals([dropped.error.cause, toPlain(state).groups], [bad("B").error, []]);
});

Deno.test("apply() counts an item as stopped of whose path a part had come to its end", () => {
  const mode = { mode: "fail-fast" } as const;
  let state = apply(loading(), outcomeOf(items(["a", "b", "c"], mode)));
  // `a` splits into three of which two end well, `b` into two, of which both do, and `c` fails in one of its two parts.
  state = step(state, [route("part", 1, "head"), route("part", 2, "head"), route("part", 3, "tail")]);
  state = step(state, [], good("a2"));
  state = step(state, [], good("a1"));
  state = step(state, [route("part", 1, "head"), route("part", 2, "head")]);
  state = step(state, [], good("b2"));
  state = step(state, [], good("b1"));
  state = step(state, [route("part", 1, "tail"), route("part", 2, "head")]);
  assertEquals(state.groups.get(1)?.splits.toJSON(), [[0, 1], [2, 2]]);

  state = step(state, [], bad("c2"));

  const [first, second, third] = state.queue.head?.payload as Result[];
  assertInstanceOf(first?.error, GroupFailedError);
  assertEquals([second, third, state.queue.size], [good("b1"), bad("c2"), 1]);
});

Deno.test("apply() lets a fail-fast group go on where a failure leads somewhere", () => {
  let state = apply(loading(), outcomeOf(items(["a", "b"], { mode: "fail-fast" })));

  state = step(state, [route("fallback", 1, "tail")], bad("a"));

  assertEquals([[...state.queue].map(({ step }) => step), state.groups.get(1)?.open], [["item", "fallback"], 2]);
});

Deno.test("apply() forgets the groups inside one that stops, and counts what of them was at work to nothing", () => {
  let state = apply(loading(), outcomeOf(items(["a", "b"], { mode: "fail-fast" })));
  state = step(state, items(["a1", "a2"], { then: "inner merge" }));
  // `b` and `a1` are at work at the same time.
  const [b, a1] = [...state.queue];
  assert(b !== undefined && a1 !== undefined);
  state = { ...state, queue: state.queue.withoutHead().withoutHead() };

  state = apply(state, { token: b, attempts: 1, result: bad("b"), routed: [] });
  state = apply(state, { token: a1, attempts: 1, result: bad("a1"), routed: [] });

  assertEquals([[...state.queue].map(({ step }) => step), toPlain(state).groups], [["merge"], []]);
});

Deno.test("apply() leaves every older state as it was, also with groups in it", () => {
  const states = [loading()];
  const plain = [JSON.stringify(states[0])];
  const keep = (state: RunState): void => {
    states.push(Object.freeze(state));
    plain.push(JSON.stringify(state));
  };
  keep(apply(loading(), outcomeOf(items(["a", "b", "c"], { mode: "fail-fast" }))));
  keep(step(states[1] ?? unreachable(), items(["a1", "a2"])));
  keep(step(states[2] ?? unreachable(), [route("x", 1, "head")]));

  keep(step(states[3] ?? unreachable(), [], bad("x")));

  assertEquals(states.map((state) => JSON.stringify(state)), plain);
});

Deno.test("apply() gives the same for outcomes with groups that come from a journal", () => {
  const outcomes: readonly Pick<Outcome, "routed" | "result">[] = [
    { routed: items(["a", "b"], { mode: "fail-fast" }), result: good("list") },
    { routed: items(["a1", "a2"]), result: good("a") },
    { routed: [route("x", { deep: [1] }, "head")], result: good("b") },
    { routed: [], result: good("x") },
    { routed: [], result: bad("a1") },
    { routed: [], result: good("a2") },
    { routed: [], result: bad("inner merge") },
  ];
  let live = loading();
  let journaled = loading();

  for (const { routed, result } of outcomes) {
    live = apply(live, { token: live.queue.head ?? unreachable(), attempts: 1, routed, result });
    const token = journaled.queue.head ?? unreachable();
    journaled = apply(journaled, structuredClone({ token, attempts: 1, routed, result }));

    assertEquals(toPlain(journaled), toPlain(live));
  }
  assertEquals([...live.queue].map(({ step }) => step), ["merge"]);
});

Deno.test("routedTokens() tells what an outcome put into the queue, and the `then` of the group it finished", () => {
  const first = outcomeOf([...items(["a"]), route("other", 1, "head")]);
  const before = loading();
  const fanned = apply(before, first);
  const item = [...fanned.queue].find(({ step }) => step === "item") ?? unreachable();
  const last: Outcome = { token: item, attempts: 1, result: good("A"), routed: [] };

  const told = [routedTokens(first, before, fanned), routedTokens(last, fanned, apply(fanned, last))];

  assertEquals<unknown>(told, [
    [{ token: 2, step: "item", where: "tail" }, { token: 3, step: "other", where: "head" }],
    [{ token: 4, step: "merge", where: "tail" }],
  ]);
});

Deno.test("isGroupLive() holds while all the groups around a place go on", () => {
  let state = apply(loading(), outcomeOf(items(["a", "b"], { mode: "fail-fast" })));
  state = step(state, items(["a1"]));
  const inside = { group: 2, index: 0 };
  const places = [null, { group: 1, index: 0 }, inside, { group: 9, index: 0 }];
  assertEquals(places.map((place) => isGroupLive(state.groups, place)), [true, true, true, false]);

  state = step(state, [], bad("b"));

  assertEquals(places.map((place) => isGroupLive(state.groups, place)), [true, false, false, false]);
});

Deno.test("apply() forgets every group in the end, whatever comes of its items, and calls each `then` once", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const random = new Random(seed);
    const limit = 1 + random.below(5);
    const called = new Map<string, number>();
    let made = 0;
    let state = loading();
    let atWork: Token[] = [];
    while (state.queue.size + atWork.length > 0) {
      while (atWork.length < limit && state.queue.head !== undefined) {
        atWork.push(state.queue.head);
        state = { ...state, queue: state.queue.withoutHead() };
      }
      const token = atWork[random.below(atWork.length)] ?? unreachable();
      if (token.step.startsWith("then")) called.set(token.step, (called.get(token.step) ?? 0) + 1);
      const routed: Route[] = [];
      if (made < 30 && random.percent(40)) {
        made += 1;
        const names = Array.from({ length: 1 + random.below(3) }, (_, index) => `${index}`);
        const mode = random.percent(50) ? "settle" : "fail-fast";
        routed.push(...items(names, { then: `then ${made}`, mode }));
      }
      if (made < 30 && random.percent(20)) routed.push(route("more", 1, random.percent(50) ? "head" : "tail"));
      state = apply(state, { token, attempts: 1, result: random.percent(30) ? bad("x") : good("x"), routed });
      atWork = atWork.filter((other) => other !== token);
      // What was at work in a group that has stopped comes to nothing, as the run does it.
      for (const dead of atWork.filter(({ member }) => !isGroupLive(state.groups, member))) {
        state = apply(state, { token: dead, attempts: 1, result: bad("stopped"), routed: [] });
      }
      atWork = atWork.filter(({ member }) => isGroupLive(state.groups, member));
    }

    assertEquals([toPlain(state).groups, toPlain(state).queue], [[], []], `seed ${seed}`);
    assertEquals([...called].filter(([, times]) => times > 1), [], `seed ${seed}`);
  }
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
  return { step, payload, where, fanOut: null };
}

/** The route of one fan-out. */
function items(payload: readonly unknown[], options: Partial<FanOut> = {}): Route[] {
  const fanOut: FanOut = Object.freeze({ size: payload.length, then: "merge", mode: "settle", ...options });
  return [Object.freeze({ step: "item", payload: Object.freeze(payload), where: "tail", fanOut })];
}

/** The state once the head of the queue has come to this. */
function step(state: RunState, routed: readonly Route[], result: Result = good("value")): RunState {
  const token = state.queue.head ?? unreachable();
  return apply(state, Object.freeze({ token, attempts: 1, result, routed: Object.freeze([...routed]) }));
}

function good(value: unknown): Result {
  return Object.freeze({ ok: true, value, error: null });
}

function bad(why: string): Result {
  return Object.freeze({ ok: false, value: null, error: `error ${why}` });
}

function toPlain(state: RunState): Record<keyof RunState, unknown> {
  return JSON.parse(JSON.stringify(state));
}
