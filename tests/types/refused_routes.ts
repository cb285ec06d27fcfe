import { decideIf, decideTo, Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** Never called: what a decision must not route to. */
export function refuseRoutes(): void {
  const orders = new Workflow<Steps, Seen>();

  orders.add({
    name: "load",
    action: () => ["a", "b"],
    decision: (_ctx, _result, enqueue) => {
      // @ts-expect-error TS2345: no such step
      enqueue.tail("lod", "a");
      // @ts-expect-error TS2345: no such step
      enqueue.head("lod", "a");
      // @ts-expect-error TS2345: the payload of `process` is a string
      enqueue.tail("process", 1);
      // @ts-expect-error TS2345: the payload of `process` is a string
      enqueue.head("process", 1);
      // @ts-expect-error TS2322: the payload of `merge` is a list of results
      enqueue.tail("merge", [1, 2]);
      // @ts-expect-error TS2554: the result's value is no string, so the payload cannot be left out
      enqueue.tail("process");
      // @ts-expect-error TS2554: the result's value is no string, so the payload cannot be left out
      enqueue.head("process");
      // @ts-expect-error TS2345: `undefined` would stand for the result's value
      enqueue.tail("process", undefined);

      enqueue.tail("process", "a");
      enqueue.head("load", { batch: "B-1" });
      enqueue.head("merge", [{ ok: true, value: 1, error: null }]);
    },
  });

  const action = () => "a";
  // @ts-expect-error TS2769: no such step
  orders.add({ name: "load", action, decision: decideTo("nope") });
  // @ts-expect-error TS2769: the result's value is no payload of `load`
  orders.add({ name: "load", action, decision: decideTo("load") });
  // @ts-expect-error TS2322: a queue has two ends
  decideTo("process", { where: "middle" });
  // @ts-expect-error TS2769: no such step
  orders.add({ name: "load", action, decision: decideIf(() => true, { yes: "nope" }) });
  // @ts-expect-error TS2769: no such step
  orders.add({ name: "load", action, decision: decideIf(() => true, { yes: "process", no: "nope" }) });
  // @ts-expect-error TS2769: the result's value is no payload of `load`
  orders.add({ name: "load", action, decision: decideIf(() => true, { yes: "process", no: "load" }) });
  // @ts-expect-error TS2322: a queue has two ends
  decideIf(() => true, { yes: "process", whereYes: "middle" });

  orders.add({ name: "load", action, decision: decideTo("process", { where: "head" }) });
  orders.add({ name: "load", action, decision: decideIf((_ctx, { ok }) => ok, { yes: "process", no: "process" }) });
}
