import { decideTo, Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** Never called: what cannot be added as a step. */
export function refuseSteps(): void {
  const orders = new Workflow<Steps, Seen>();

  // @ts-expect-error TS2769: not in the map of payloads
  orders.add({ name: "nope", action: () => 1 });
  // @ts-expect-error TS2769: the payload of `load` is an object
  orders.add({ name: "load", action: (_ctx, payload: number) => payload });
  // @ts-expect-error TS2769: the context has no such property
  orders.add({ name: "load", action: (ctx: { nope: string }) => ctx.nope });
  // @ts-expect-error TS2769: a step has an action
  orders.add({ name: "load" });

  orders.add(
    { name: "load", action: () => "a" },
    // @ts-expect-error TS2769: no such step
    { name: "process", action: () => 1, decision: decideTo("nope") },
  );
  orders.add(
    { name: "load", action: () => "a" },
    // @ts-expect-error TS2769: not in the map of payloads
    { name: "nope", action: () => 1 },
    { name: "process", action: () => 1 },
  );
}
