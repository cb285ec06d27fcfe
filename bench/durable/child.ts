/**
 * A process with one engine in it, which does what its input says and prints how long it took.
 *
 * `deno run … child.ts <engine> <place> [step]`
 *
 * In, a line each: `run <run id> <steps>`, `resume <run id> <steps>` or `bare <run id> <steps>`. Out: `ready`, then a
 * `done <ms> <ms from the first action to the last>` or `failed <why>` for each. With a step also `action <index>` as
 * an action begins, and at that step the whole process stands still until it is killed; `none` is a step that never
 * comes.
 *
 * @module
 */

import { type Engine, loadEngine } from "./engine.ts";
import { type StepValue, toValue } from "./job.ts";
import { readLines } from "./read_lines.ts";

const [name = "", place = "", stopAt = ""] = Deno.args;
const encoder = new TextEncoder();
let firstAt: number | null = null;
let lastAt = 0;

try {
  await using engine = await (await loadEngine(name))(place, stopAt === "" ? actAndTime : actAndTell);
  say("ready");
  for await (const line of readLines(Deno.stdin.readable)) say(await obey(engine, line.split(" ")));
} catch (error) {
  say(`failed ${String(error).replaceAll("\n", " ")}`);
}

async function obey(engine: Engine, [what, runId = "", count = ""]: readonly string[]): Promise<string> {
  const job = { runId, steps: Number(count) };
  firstAt = null;
  const startedAt = performance.now();
  if (what === "bare") await engine.writeBare?.(job);
  else if (what === "resume") await engine.resume(job);
  else await engine.run(job);
  const tookMs = performance.now() - startedAt;
  return `done ${tookMs} ${firstAt === null ? tookMs : lastAt - firstAt}`;
}

function actAndTime(index: number): StepValue {
  lastAt = performance.now();
  firstAt ??= lastAt;
  return toValue(index);
}

function actAndTell(index: number): StepValue {
  say(`action ${index}`);
  // Not even what the engine does in the background goes on: as if the power of this process were cut here.
  if (index === Number(stopAt)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  return actAndTime(index);
}

/** At once: what was printed before a kill has been printed. */
function say(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}
