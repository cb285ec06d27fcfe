import { assertType, type IsAny, type IsExact } from "@std/testing/types";
import { decideTo, type OpenStep, type Result, type Step, Workflow } from "../../mod.ts";

/** No two payloads are alike, so that none can stand for another. */
interface Stages {
  a: { a: 1 };
  b: { b: 2 };
  c: { c: 3 };
  d: { d: 4 };
  e: { e: 5 };
  f: { f: 6 };
  g: { g: 7 };
  h: { h: 8 };
  i: { i: 9 };
  j: { j: 10 };
  k: { k: 11 };
  l: { l: 12 };
  m: { m: 13 };
  n: { n: 14 };
}

interface Sum {
  sum: number;
}

/** As many steps at once as are inferred in full. */
export async function inferTwelve(): Promise<void> {
  const stages = new Workflow<Stages, Sum>().add(
    { name: "a", action: (ctx, payload) => ctx.sum + payload.a },
    { name: "b", action: (_ctx, payload) => [payload.b] },
    { name: "c", action: () => ({ b: 2 } as const), decision: decideTo("b") },
    { name: "d", action: (_ctx, payload) => payload.d },
    { name: "e", action: async (_ctx, payload) => await Promise.resolve(payload.e) },
    { name: "f", action: (_ctx, payload) => payload.f },
    { name: "g", action: (_ctx, payload) => payload.g },
    { name: "h", action: (_ctx, payload) => payload.h },
    { name: "i", action: (_ctx, payload) => payload.i },
    { name: "j", action: (_ctx, payload) => ({ k: payload.j }) },
    {
      name: "k",
      action: function* (ctx, payload) {
        assertType<IsExact<typeof ctx.sum, number>>(true);
        yield payload;
        return payload.k > 0;
      },
      decision: (_ctx, result, enqueue) => {
        assertType<IsExact<typeof result, Result<boolean>>>(true);
        enqueue.tail("l", { l: 12 });
        // @ts-expect-error TS2322: the payload of `l` is another
        enqueue.tail("l", { l: 13 });
        // @ts-expect-error TS2345: no such step
        enqueue.tail("z", { l: 12 });
      },
    },
    {
      name: "l",
      action: (_ctx, payload) => {
        assertType<IsExact<typeof payload, { l: 12 }>>(true);
        return payload.l;
      },
    },
  );

  for await (const event of stages.stream("a", { a: 1 })) {
    if (event.type === "step.chunk" && event.step === "k") assertType<IsExact<typeof event.value, { k: 11 }>>(true);
    if (event.type === "step.result" && event.step === "j") {
      assertType<IsExact<typeof event.result, Result<{ k: 10 }>>>(true);
    }
  }
  const { context } = await stages.run("a", { a: 1 });
  assertType<IsExact<typeof context["result.a"], number | null | undefined>>(true);
  assertType<IsExact<typeof context["result.k"], boolean | null | undefined>>(true);
  assertType<IsExact<typeof context["result.l"], 12 | null | undefined>>(true);
  // @ts-expect-error TS2551: no step of this name was added
  context["result.m"];
}

/** Beyond that, names, payloads and the context still are, but not what the steps return. */
export async function inferMore(): Promise<void> {
  const stages = new Workflow<Stages, Sum>().add(
    { name: "a", action: (ctx, payload) => ctx.sum + payload.a },
    { name: "b", action: (_ctx, payload) => payload.b, decision: decideTo("a") },
    { name: "c", action: (_ctx, payload) => payload.c },
    { name: "d", action: (_ctx, payload) => payload.d },
    { name: "e", action: (_ctx, payload) => payload.e },
    { name: "f", action: (_ctx, payload) => payload.f },
    { name: "g", action: (_ctx, payload) => payload.g },
    { name: "h", action: (_ctx, payload) => payload.h },
    { name: "i", action: (_ctx, payload) => payload.i },
    { name: "j", action: (_ctx, payload) => payload.j },
    { name: "k", action: (_ctx, payload) => payload.k },
    { name: "l", action: (_ctx, payload) => payload.l },
    { name: "m", action: (_ctx, payload) => payload.m },
    {
      name: "n",
      action: (ctx, payload) => {
        assertType<IsExact<typeof ctx.sum, number>>(true);
        assertType<IsExact<typeof payload, { n: 14 }>>(true);
        return payload.n;
      },
      decision: (_ctx, result, enqueue) => {
        if (result.ok) assertType<IsAny<typeof result.value>>(true);
        enqueue.tail("a", { a: 1 });
        enqueue.tail("a");
        // @ts-expect-error TS2345: no such step
        enqueue.tail("z", { a: 1 });
      },
    },
  );

  for await (const event of stages.stream("a", { a: 1 })) {
    if (event.type !== "step.result" || event.step !== "n") continue;
    assertType<IsExact<typeof event.payload, { n: 14 }>>(true);
    assertType<IsExact<typeof event.result, Result<unknown>>>(true);
  }
}

/** A list of steps that is not known early enough. */
export async function addLists(): Promise<void> {
  const untyped: Step[] = [
    { name: "load", action: (_ctx, payload) => payload.anything },
    { name: "store", action: () => 1, decision: decideTo("load") },
  ];
  const first = { name: "first", action: () => "one" } as const;
  const second = { name: "second", action: () => "two" } as const;

  new Workflow<Stages, Sum>().add(fourth);
  new Workflow<Stages, Sum>().add(fourth, { name: "a", action: (_ctx, payload) => payload.a });
  for (const step of untyped) new Workflow().add(step);

  const lists = [
    new Workflow().add(...untyped),
    new Workflow().add(first, ...untyped),
    new Workflow().add(first, second, ...untyped),
    new Workflow().add(...untyped, ...untyped),
  ];
  for (const list of lists) {
    const { context } = await list.run("load", Symbol("any payload"));
    assertType<IsAny<typeof context.whatever>>(true);
  }

  const typed: OpenStep<Stages, Sum>[] = [
    { name: "a", action: (ctx, payload) => ctx.sum + payload.a },
    { name: "b", action: (_ctx, payload) => payload.b },
    // @ts-expect-error TS2322: not in the map of payloads
    { name: "z", action: () => 1 },
  ];
  const stages = new Workflow<Stages, Sum>();
  await stages.add(...typed).add({ name: "c", action: (_ctx, payload) => payload.c }).run("c", { c: 3 });
  const open: Workflow<Stages, Sum> = stages.add(fourth, ...typed);
  // @ts-expect-error TS2345: the payload of `a` is an object
  await open.run("a", 1);
}

const fourth: OpenStep<Stages, Sum> = { name: "d", action: (_ctx, payload) => payload.d };
