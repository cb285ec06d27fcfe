import { Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { toObjectUrl } from "../../src/hosts/durable_object/run_object_url.ts";
import { until } from "../tools/until.ts";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";
import { FakeObject } from "./fake_object.ts";
import { hostOf } from "./host_of.ts";

for (const [heartbeatMs, everyMs] of [[undefined, 5_000], [700, 700]] as const) {
  Deno.test(`DurableObjectHost gives a sign of life every ${everyMs} ms where heartbeatMs is ${heartbeatMs}`, async () => {
    using object = new FakeObject();
    const gates = new Gates();
    const clock = new ManualClock();
    const quiet = new Workflow({ name: "quiet" }).add({ name: "quiet", action: () => gates.wait("quiet") });
    const { host, runs } = hostOf(object, { workflows: [quiet], clock, heartbeatMs });
    await runs.start("quiet", "quiet", 1, { runId: "r" });
    await until(() => gates.waiting.length === 1);
    const { body } = await host.fetch(new Request(toObjectUrl("r", { after: 0 })));
    const chunks: string[] = [];
    const reading = body?.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({ write: (chunk) => void chunks.push(chunk) }),
    );
    await until(() => chunks.join("").includes("step.start"));

    const told = chunks.length;
    clock.tick(everyMs - 1);
    await laterTurn();
    const early = chunks.slice(told);
    clock.tick(1);
    await until(() => chunks.length > told);
    const late = chunks.slice(told);
    gates.openAll();
    await reading;

    assertEquals([early, late], [[], [":\n\n"]]);
  });
}
