import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { CONTESTANTS } from "../../bench/durable/contestants.ts";
import { Places } from "../../bench/durable/places.ts";
import { tableOfResumes, tableOfSpeed } from "../../bench/durable/report.ts";
import { measureResume } from "../../bench/durable/resume.ts";
import { measureSpeed, type Speed } from "../../bench/durable/speed.ts";

const STEPS = 8;

// Those of StepStream that need no server: the others' packages are not the module's.
const OURS = CONTESTANTS.filter(({ engine }) => ["memory", "sqlite-normal", "sqlite-full", "deno-kv"].includes(engine))
  .map((contestant) => ({ ...contestant, jobs: 1 }));

Deno.test("measureSpeed() times each store beside its bare loop", async () => {
  await using places = await Places.open(OURS);

  const speeds = await measureSpeed(OURS, places, STEPS, 1);

  assertEquals([...speeds.keys()].map(({ engine }) => engine), OURS.map(({ engine }) => engine));
  for (const speed of speeds.values()) assertTimed(speed);
});

Deno.test("measureSpeed() says why a contestant did not run", async () => {
  const unknown = OURS.map((contestant) => ({ ...contestant, engine: "nobody" })).slice(0, 1);
  await using places = await Places.open(unknown);

  const speeds = await measureSpeed(unknown, places, STEPS, 1);

  const [speed] = speeds.values();
  assertStringIncludes(speed !== undefined && "why" in speed ? speed.why : "", "Cannot load nobody");
});

Deno.test("measureResume() counts the action that a killed process was at", async () => {
  const kept = OURS.filter(({ resumes }) => resumes !== null);
  await using places = await Places.open(kept);

  const resumes = await measureResume(kept, places, STEPS, 1);

  const repeated = [...resumes].map(([{ engine }, resume]) => [
    engine,
    "why" in resume ? resume.why : resume.map(({ repeated }) => repeated),
  ]);
  assertEquals(repeated, kept.map(({ engine }) => [engine, [1]]));
});

Deno.test("the tables tell medians with their spread, ratios round by round, and why one did not run", () => {
  const [ours, other] = CONTESTANTS.filter(({ engine }) => ["sqlite-full", "openworkflow"].includes(engine));
  if (ours === undefined || other === undefined) throw new Error("Cannot find the contestants");
  const speed = {
    stepsPerSecond: [1_000, 1_200, 900],
    barePerSecond: [2_000, 2_000, 2_000],
    bytesPerStep: [NaN],
    jobMs: [7],
  };
  const times = { readyMs: 80, nextStepMs: 90, endMs: 100, repeated: 1 };

  const tables = [
    ...tableOfSpeed(new Map<typeof ours, Speed>([[ours, speed], [other, { why: "it is not here" }]])).slice(2),
    ...tableOfResumes(new Map([[ours, [times, { ...times, endMs: 120 }]]])).slice(2),
  ];

  assertEquals(tables, [
    "| StepStream, SQLite FULL | a power cut | 1,000 (900–1,200) | 2,000 | 0.50 (0.45–0.60) x bare | – | 7 |",
    "| OpenWorkflow, SQLite | a power cut | did not run: it is not here |  |  |  |  |",
    "| StepStream, SQLite FULL | `resume()`, at once | 80 | 90 | 120 (100–120) | 1 |",
  ]);
});

function assertTimed(speed: Speed): void {
  if ("why" in speed) throw new Error(speed.why);
  for (const rate of [...speed.stepsPerSecond, ...speed.barePerSecond]) assertGreater(rate, 0);
  assertEquals(speed.barePerSecond.length, speed.stepsPerSecond.length);
}
