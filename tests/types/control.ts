import { asStep, decideTo, type Result, type StandardSchema, Workflow } from "../../mod.ts";

interface Shop {
  list: string;
  price: string;
  sum: Result<number>[];
  print: number;
  keep: unknown[];
  look: readonly unknown[] | undefined;
}

declare const text: StandardSchema<string>;
declare const amount: StandardSchema<{ readonly cents: number }>;

/** Never called: groups, declared routes, schemas and workflows as steps. */
export function infer(): void {
  new Workflow<Shop>()
    .add({
      name: "list",
      action: (_ctx, name) => [name],
      decision: (_ctx, result, enqueue) => {
        enqueue.all("price", result.value ?? [], { then: "sum" });
        enqueue.all("price", ["a"], { then: "sum", mode: "fail-fast" });
        enqueue.all("price", ["a"], { then: "keep" });
        enqueue.all("keep", [[1], []], { then: "look", mode: undefined });
        // @ts-expect-error TS2322: the payload of `price` is a string
        enqueue.all("price", [1], { then: "sum" });
        // @ts-expect-error TS2322: the payload of `print` is no list of results
        enqueue.all("price", ["a"], { then: "print" });
        // @ts-expect-error TS2820: no such step
        enqueue.all("price", ["a"], { then: "summ" });
        // @ts-expect-error TS2345: no such step
        enqueue.all("prize", ["a"], { then: "sum" });
        // @ts-expect-error TS2322: no such mode
        enqueue.all("price", ["a"], { then: "sum", mode: "all" });
        // @ts-expect-error TS2554: where would the results go?
        enqueue.all("price", ["a"]);
      },
    })
    .add({
      name: "sum",
      routes: ["print"],
      action: (_ctx, results) => results.length,
      decision: (_ctx, result, enqueue) => {
        enqueue.tail("print", result.value ?? 0);
        // @ts-expect-error TS2345: not declared
        enqueue.tail("price", "a");
        // @ts-expect-error TS2345: not declared
        enqueue.all("price", ["a"], { then: "print" });
        // @ts-expect-error TS2322: not declared
        enqueue.all("print", [1], { then: "sum" });
        // @ts-expect-error TS2345: the payload of `print` is a number
        enqueue.head("print", "a");
      },
    })
    // @ts-expect-error TS2769: no such step
    .add({ name: "price", routes: ["prize"], action: (_ctx, name) => name.length });

  // @ts-expect-error TS2769: not declared
  new Workflow<Shop>().add({ name: "price", routes: ["list"], action: () => 1, decision: decideTo("print") });

  new Workflow()
    .add({
      name: "pay",
      input: amount,
      action: (_ctx, payload) => payload.cents.toFixed(),
    })
    .add({
      name: "refund",
      input: amount,
      // @ts-expect-error TS2339: the schema's output has no such property
      action: (_ctx, payload) => payload.euros,
    })
    .add(
      { name: "one", input: text, action: (_ctx, payload) => payload.trim() },
      // @ts-expect-error TS2339: the schema's output is a string
      { name: "two", input: text, action: (_ctx, payload) => payload.cents },
      { name: "three", routes: ["one"], action: () => "a", decision: (_ctx, _result, enqueue) => enqueue.tail("one") },
      // @ts-expect-error TS2345: not declared
      { name: "four", routes: ["one"], action: () => 1, decision: (_ctx, _result, enqueue) => enqueue.tail("two") },
    );

  // A schema may convert: the map says what is put into the queue, the schema what the action gets.
  new Workflow<{ pay: string }>().add({ name: "pay", input: amount, action: (_ctx, payload) => payload.cents });
}

/** Never called: a workflow as a step of another. */
export function inferInside(): void {
  const inner = new Workflow<{ start: string; other: number }>()
    .add({ name: "start", action: (_ctx, payload) => payload.length });

  new Workflow<{ measure: string; next: number }>()
    .add(asStep("measure", inner, { start: "start", value: (context) => context["result.start"] ?? 0 }))
    .add({ name: "next", action: (ctx, payload) => payload + (ctx["result.measure"] ?? 0) });

  new Workflow<{ measure: string; next: number }>().add({
    ...asStep("measure", inner, { start: "start", value: () => 1 }),
    decision: (_ctx, result, enqueue) => {
      if (result.ok) enqueue.tail("next", result.value);
      // @ts-expect-error TS2345: no such step
      enqueue.tail("last", 1);
    },
  });

  // @ts-expect-error TS2322: no such start
  asStep("measure", inner, { start: "begin" });
  // @ts-expect-error TS2769: `other` takes a number, `measure` is given a string
  new Workflow<{ measure: string }>().add(asStep("measure", inner, { start: "other" }));
}
