import { assertType, type IsAny, type IsExact } from "@std/testing/types";
import { decideIf, decideTo, Workflow } from "../../mod.ts";

/** Without type arguments every name, payload and context is allowed; what can be inferred still is. */
export async function allowEverything(): Promise<void> {
  const open = new Workflow()
    .add({
      name: "load",
      action: (ctx, payload) => {
        assertType<IsAny<typeof payload>>(true);
        ctx.anything = payload.of.any.shape;
        return ["a"];
      },
      decision: (ctx, result, enqueue) => {
        assertType<IsAny<typeof ctx.whatever>>(true);
        if (result.ok) assertType<IsExact<typeof result.value, string[]>>(true);
        enqueue.tail("anywhere");
        enqueue.head("anywhere", { any: "payload" });
        enqueue.tail("process", null);
      },
    })
    .add({ name: "process", action: (_ctx, item) => String(item).length, decision: decideTo("anywhere") })
    .add({ name: "check", action: () => 1, decision: decideIf(() => true, { yes: "load", no: "anywhere" }) });

  open.stream("anywhere", Symbol("any payload"));
  for await (const event of open.stream("load")) {
    // A step may have been added where the type of `open` could not see it.
    if (event.type === "step.result" && event.step === "added-later" && event.result.ok) {
      assertType<IsAny<typeof event.result.value>>(true);
      assertType<IsAny<typeof event.payload>>(true);
    }
  }
  const { context } = await open.run("load", 1, { context: { any: "thing" } });
  assertType<IsAny<typeof context.whatever>>(true);
}
