/**
 * The same durable job on StepStream's stores, on bare loops that write the same, and on other engines that run here.
 * Writes `bench/DURABLE.md`, unless only some of the contestants were asked for.
 *
 * `deno task bench:durable [--only=<engine>,…] [--rounds=<count>]`
 *
 * @module
 */

import { describeCommit } from "../tools/commit.ts";
import { print } from "../tools/print.ts";
import { CONTESTANTS } from "./contestants.ts";
import { RUNNER_STEPS } from "./engines/stepstream_runner.ts";
import { Places } from "./places.ts";
import { tableOfResumes, tableOfSpeed } from "./report.ts";
import { measureResume } from "./resume.ts";
import { measureSpeed } from "./speed.ts";
import { describeMachine } from "./versions.ts";

const STEPS = RUNNER_STEPS;
const REPORT = new URL("../DURABLE.md", import.meta.url);

const options = new URLSearchParams(Deno.args.map((arg) => arg.replace(/^--/, "")).join("&"));
const only = options.get("only")?.split(",") ?? null;
const rounds = Number(options.get("rounds") ?? 5);
const contestants = CONTESTANTS.filter(({ engine }) => only === null || only.includes(engine));
if (contestants.length === 0) {
  throw new RangeError(
    `Cannot run ${only}: known engines are ${CONTESTANTS.map(({ engine }) => engine).join(", ")}`,
  );
}

const commit = await describeCommit();
const startedAt = performance.now();
await using places = await Places.open(contestants);
const speeds = await measureSpeed(contestants, places, STEPS, rounds);
const canResume = contestants.filter(({ resumes }) => resumes !== null);
const resumes = await measureResume(canResume, places, STEPS, Math.min(rounds, 3));
const tookS = Math.round((performance.now() - startedAt) / 1_000);

const lines = [
  "# Durable work, measured",
  "",
  `Measured ${new Date().toISOString().slice(0, 10)} by \`deno task bench:durable\` in ${tookS} s, at ${commit}, on ` +
  `${await describeMachine(
    await places.postgresVersion(),
  )}. The cores are shared: read the ratios, the absolute ` +
  "numbers move several-fold with their load. In brackets are the least and the most that was measured.",
  "",
  "## Steps",
  "",
  `A job is ${STEPS} steps, one after the other, that do nothing. Each returns a small value that is kept, and a reader ` +
  `waits for the end. Medians of up to ${rounds} rounds in which all take turns, each in a process of its own. Steps per ` +
  "second go from the first action to the last; a ratio is the median of the rounds' own ratios. A bare loop makes the " +
  "same texts and writes the same rows on the same handle, without the engine and the store. Bytes are what the kernel " +
  "had to write to disk for the process; for Restate it is its server's process, for Postgres the growth of its log " +
  "(WAL). OpenWorkflow's reader asks for the end once a second.",
  "",
  ...tableOfSpeed(speeds),
  "",
  "## After a crash",
  "",
  `The process is killed (SIGKILL) while action ${Math.floor(STEPS / 2)} of ${STEPS} is running, and another one is ` +
  "started at once; with Restate it is the service's process, and its server lives on. Times count from the start of " +
  `the second process. Medians of up to ${Math.min(rounds, 3)} crashes; of one where a lease has to run out.`,
  "",
  ...tableOfResumes(resumes),
  "",
];
for (const line of lines) print(line);
if (only === null) {
  await Deno.writeTextFile(REPORT, lines.join("\n"));
  await new Deno.Command("deno", { args: ["fmt", "--quiet", REPORT.pathname] })
    .output();
}
