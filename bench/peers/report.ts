import { COLD_START } from "./cold_start.ts";
import { checkGoals } from "./goals.ts";
import { ITEMS } from "./items/all.ts";
import { PEER_FILES, REFERENCE } from "./peers.ts";
import type { Samples } from "./samples.ts";
import { type Described, format, type Row, toTable } from "./tables.ts";
import { readVersions } from "./versions.ts";

const BASELINE = PEER_FILES[0];

const ROWS: readonly Row[] = [
  ...ITEMS.flatMap(({ name, metrics, skill }) =>
    Object.entries(metrics).map(([key, metric]) => ({ item: name, key, metric, skill }))
  ),
  ...Object.entries(COLD_START.metrics).map(([key, metric]): Row => ({
    item: COLD_START.name,
    key,
    metric,
    skill: COLD_START.skill,
  })),
];

/** What stands in the README: fewer rows, and only engines that run workflows. */
const SHORT_ROWS = ROWS.filter(({ item, key }) => !["sse-200"].includes(item) && !["aborted", "ofRaw"].includes(key));
const SHORT_FILES: readonly string[] = PEER_FILES.filter((file) =>
  file !== "stepstream_no_trace" && file !== "p_queue"
);

/** The table of what was measured, whatever part of all it is. */
export function toFullTable(samples: Samples, peers: readonly Described[]): string {
  const measured = ROWS.filter(({ item, key }) =>
    [REFERENCE, ...PEER_FILES].some((file) => samples.get(item, file, key) !== null)
  );
  return `${toTable(samples, measured, peers, BASELINE)}\n\n${toReferences(samples)}`;
}

/** The table of the README. */
export function toShortTable(samples: Samples, peers: readonly Described[]): string {
  // Why a number is missing is in the full table.
  const [table = ""] = toTable(samples, SHORT_ROWS, peers.filter(({ file }) => SHORT_FILES.includes(file)), null)
    .split("\n\n");
  return table;
}

/** `bench/RESULTS.md`; `measuredOn` is the commit and the machine. */
export async function toMarkdown(samples: Samples, peers: readonly Described[], measuredOn: string): Promise<string> {
  const versions = await readVersions();
  const goals = checkGoals(samples, ROWS, peers).map(({ goal, measured, holds }) =>
    `| ${goal} | ${measured} | ${holds ? "yes" : "**no**"} |`
  );
  const does = peers.map(({ peer: { name, package: npm, does } }) =>
    `| ${name} | ${npm === undefined ? "" : `\`${npm}\` ${versions.get(npm)}`} | ${does} |`
  );
  return `# The same work on StepStream and on other engines

\`\`\`sh
deno task bench:peers
\`\`\`

wrote this file on ${new Date().toISOString().slice(0, 10)}, at ${measuredOn}.

Each number is the median of up to ${samples.mostTaken} processes, taken in turns, of the median of many warm calls in each;
in brackets are the least and the most of them. What took long was measured once. The number with an × says how many times as good
that is as the generator written by hand (2 × is twice as fast, or half as much). Absolute numbers depend on the machine and on what else runs on it: read the ratios.

${toFullTable(samples, peers)}

## The goals, and which of them hold

| goal | measured | holds |
| --- | --- | --- |
${goals.join("\n")}

## What is measured

- Every peer gets the same actions and payloads, and its reader has to see the same number of step results or logs; a
  run that yields fewer or more fails. StepStream and mastra yield two events per step, the others one.
- Chain of async actions: each step yields one event more while it is at work.
- First event: from the call that starts a run of one step. Some engines announce that a run begins, others say nothing
  before the first result, so the result has a row of its own.
- The \`break\` comes at the first event that is read while the first of 50 actions of 5 ms is running.
- SSE: a run of the engine for each client, behind Hono on \`Deno.serve\`; bare sockets in another thread read to the end.
  One client reads 5 000 steps, 200 read 100 each. StepStream sends its events by \`eventStreamResponse\`, the others
  by Hono's \`streamSSE\`. Raw: the bytes of that same response, made beforehand, 64 events per chunk.
- Cold process: the bundle of a program that runs one step, above an empty program. The bundle holds what that program
  reaches in the library, for all items.
- Memory: the most that the process holds, sampled every 1 000 steps. Each payload is the number that the step before
  returned, which is the case that StepStream's trace packs best; objects are kept as they are.

| | package | what its code does |
| --- | --- | --- |
${does.join("\n")}
`;
}

/** What the work costs without any engine. */
function toReferences(samples: Samples): string {
  return ITEMS.flatMap(({ name, metrics, reference }) =>
    Object.entries(metrics).flatMap(([key, metric]) => {
      const value = samples.number(name, REFERENCE, key);
      return value === null || reference === undefined
        ? []
        : [`- ${metric.title}: ${reference.name} ${format(value, metric)} ${metric.unit}.`];
    })
  ).join("\n");
}
