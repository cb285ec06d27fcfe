import { Workflow } from "../../mod.ts";
import type { Seen, Steps } from "./steps.ts";

/** Never called: what a run cannot start with. */
export function refuseStarts(): void {
  const orders = new Workflow<Steps, Seen>();

  // @ts-expect-error TS2345: no such step
  orders.stream("nope", 1);
  // @ts-expect-error TS2345: no such step
  orders.run("nope");
  // @ts-expect-error TS2322: the batch is a string
  orders.stream("load", { batch: 1 });
  // @ts-expect-error TS2345: the payload is an object
  orders.run("load", "B-99");
  // @ts-expect-error TS2554: the payload of `load` cannot be left out
  orders.stream("load");
  // @ts-expect-error TS2554: the payload of `load` cannot be left out
  orders.run("load");
  // @ts-expect-error TS2322: what was seen is a list
  orders.stream("load", { batch: "B-99" }, { context: { seen: 1 } });
  // @ts-expect-error TS2353: the context has no such property
  orders.run("load", { batch: "B-99" }, { context: { nope: 1 } });

  orders.stream("load", { batch: "B-99" }, { context: { seen: [] } });
  orders.run("tick");
}
