import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { CONTESTANTS } from "../../bench/durable/contestants.ts";
import { Places } from "../../bench/durable/places.ts";
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

  const repeated = [...resumes].map(([{ engine }, resume]) => [engine, "why" in resume ? resume.why : resume.repeated]);
  assertEquals(repeated, kept.map(({ engine }) => [engine, 1]));
});

function assertTimed(speed: Speed): void {
  if ("why" in speed) throw new Error(speed.why);
  assertGreater(speed.stepsPerSecond, 0);
  for (const bare of speed.bareRounds) assertGreater(bare, 0);
  assertEquals(speed.bareRounds.length, speed.rounds.length);
}
