import { assertType, type IsAny, type IsExact } from "@std/testing/types";
import * as v from "valibot";
import { type Result, type StandardSchema, Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** The interface as a validator's own package has it, with the types of both sides. */
interface StandardSchemaV1<Input, Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: Output; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string }[] }
      | Promise<
        | { readonly value: Output; readonly issues?: undefined }
        | { readonly issues: readonly { readonly message: string }[] }
      >;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type Shape = { kind: "dot" } | { kind: "line"; length: number } | null;

declare const cents: StandardSchemaV1<string, number>;
declare const shape: StandardSchemaV1<unknown, Shape>;
declare const batch: StandardSchema<{ batch: string }>;
declare const callable: StandardSchema<Date> & ((value: unknown) => Date);

const toNumber = v.pipe(v.string(), v.transform(Number));
const handwritten = {
  "~standard": { version: 1, vendor: "tests", validate: (value: unknown) => ({ value: String(value) }) },
} as const;

/** Without a map the schema alone says what the action gets; what is put into the queue stays open. */
export function inferFromSchemas(): void {
  new Workflow()
    .add({
      name: "cents",
      input: cents,
      action: (_ctx, payload) => {
        assertType<IsExact<typeof payload, number>>(true);
        return [payload];
      },
      decision: (_ctx, result, enqueue) => {
        assertType<IsExact<typeof result, Result<number[]>>>(true);
        enqueue.tail("shape", Symbol("any payload"));
      },
    })
    .add({ name: "shape", action: (_ctx, payload) => assertType<IsExact<typeof payload, Shape>>(true), input: shape })
    .add({ name: "date", input: callable, action: (_ctx, payload) => assertType<IsExact<typeof payload, Date>>(true) })
    .add({ name: "none", input: undefined, action: (_ctx, payload) => assertType<IsAny<typeof payload>>(true) })
    .add(
      {
        name: "text",
        input: handwritten,
        action: (_ctx, payload) => assertType<IsExact<typeof payload, string>>(true),
      },
      { name: "open", action: (_ctx, payload) => assertType<IsAny<typeof payload>>(true) },
      { name: "number", input: toNumber, action: (_ctx, payload) => assertType<IsExact<typeof payload, number>>(true) },
    )
    .add({
      name: "object",
      input: v.object({ id: toNumber, note: v.optional(v.string()), flag: v.boolean(), level: v.picklist(["a", "b"]) }),
      action: (_ctx, payload) => {
        type Payload = { id: number; note?: string | undefined; flag: boolean; level: "a" | "b" };
        assertType<IsExact<typeof payload, Payload>>(true);
      },
    })
    .add({
      name: "later",
      input: v.pipeAsync(v.string(), v.transformAsync((text) => Promise.resolve(text.length))),
      action: (_ctx, payload) => assertType<IsExact<typeof payload, number>>(true),
    })
    .add({ name: "wider", input: toNumber, action: (_ctx, payload: string | number) => payload });
}

/** The map says what is put into the queue, the schema what the action gets of it. */
export async function convertBySchemas(): Promise<void> {
  const orders = new Workflow<Steps, Seen>()
    .add({
      name: "process",
      input: toNumber,
      action: (_ctx, payload) => {
        assertType<IsExact<typeof payload, number>>(true);
        return payload;
      },
      decision: (_ctx, _result, enqueue) => {
        enqueue.tail("process", "12");
        // @ts-expect-error TS2345: the payload that is put into the queue is a string
        enqueue.tail("process", 12);
      },
    })
    .add(
      { name: "load", input: batch, action: (_ctx, payload) => payload.batch },
      { name: "tick", action: (_ctx, payload) => assertType<IsExact<typeof payload, undefined>>(true) },
    );

  for await (const event of orders.stream("process", "12")) {
    if (event.type === "step.start" && event.step === "process") {
      assertType<IsExact<typeof event.payload, string>>(true);
    }
  }
  // @ts-expect-error TS2345: the payload that a run starts with is a string
  await orders.run("process", 12);
}

/** Never called: what an action cannot take of its schema. */
export function refuseSchemas(): void {
  const orders = new Workflow<Steps, Seen>();

  // @ts-expect-error TS2769: the schema answers a number
  orders.add({ name: "process", input: toNumber, action: (_ctx, payload: string) => payload });
  // @ts-expect-error TS2769: no Standard Schema
  orders.add({ name: "process", input: (value: unknown) => String(value), action: () => 1 });
  // @ts-expect-error TS2769: no Standard Schema
  new Workflow().add({ name: "process", input: { parse: String }, action: () => 1 });
}
