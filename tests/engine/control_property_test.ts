import { controlRun } from "../tools/control_run.ts";

const topics = new Map<string, string[]>();
let events = 0, actions = 0;
const t0 = performance.now();
for (const mode of ["stream", "run"] as const) {
  for (let seed = 1; seed <= 300; seed += 1) {
    const run = await controlRun(seed, { mode });
    events += run.events.length;
    actions += run.world.actions.length;
    for (const f of run.world.findings) {
      const k = `${mode} ${f.topic}`;
      if (!topics.has(k)) topics.set(k, []);
      topics.get(k)!.push(`seed ${seed} (${run.ending}): ${f.message}`);
    }
  }
}
console.log({ events, actions, ms: performance.now() - t0 });
for (const [k, v] of topics) console.log(k, v.length, new Set(v.map((x) => x.split(" ")[1])).size, "\n  " + v.slice(0, 6).join("\n  "));
