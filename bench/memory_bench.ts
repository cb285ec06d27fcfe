/**
 * What a run of a million steps without a trace needs at most, beside a bare loop: each in a process of its own, which
 * prints the most memory it has held (resident set size).
 */
import { Workflow } from "@stepstream/workflow";
import { print, printTitle } from "./tools/print.ts";

const SIZES = [1_000, 1_000_000] as const;

/** Counts to `steps` and answers the largest resident set size seen on the way, in bytes. */
const WORK: Readonly<Record<string, (steps: number) => Promise<number>>> = {
  "bare loop": (steps) => {
    let peak = 0;
    for (let step = 0; step < steps; step += 1) peak = Math.max(peak, look(step));
    return Promise.resolve(peak);
  },
  "run()": async (steps) => {
    let peak = 0;
    await counter(steps, (step) => peak = Math.max(peak, look(step)))
      .run("count", 0, { maxSteps: Infinity, captureTrace: false });
    return peak;
  },
  "stream(), read": async (steps) => {
    let peak = 0;
    const events = counter(steps, () => {}).stream("count", 0, { maxSteps: Infinity, captureTrace: false });
    for await (const event of events) peak = Math.max(peak, look(event.seq));
    return peak;
  },
};

function counter(steps: number, see: (step: number) => void): Workflow<{ count: number }> {
  return new Workflow<{ count: number }>().add({
    name: "count",
    action: (_ctx, number) => {
      see(number);
      return number + 1;
    },
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value < steps) enqueue.tail("count", result.value);
    },
  });
}

/** The resident set size now, read once in a thousand calls: reading it costs more than a step. */
function look(step: number): number {
  return step % 1_000 === 0 ? Deno.memoryUsage().rss : 0;
}

const [contestant, steps] = Deno.args;
if (contestant === undefined) {
  printTitle("Peak memory (RSS) of a run without a trace");
  for (const name of Object.keys(WORK)) {
    const peaks: string[] = [];
    for (const size of SIZES) peaks.push(`${size.toLocaleString("en")} steps ${await peakOf(name, size)} MB`);
    print(`  ${name.padEnd(16)} ${peaks.join("   ")}`);
  }
} else {
  print(String(await WORK[contestant]?.(Number(steps))));
}

async function peakOf(name: string, size: number): Promise<string> {
  const { stdout } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", import.meta.filename ?? "", name, String(size)],
  }).output();
  return (Number(new TextDecoder().decode(stdout)) / 2 ** 20).toFixed(0);
}
