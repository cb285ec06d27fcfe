import { type Any, MemoryStore, type RunOutcome, StoreError, type WorkflowEvent } from "@stepstream/workflow";
import { assert, assertEquals } from "@std/assert";
import { type Fate, FaultyStore } from "../tools/faulty_store.ts";
import { mix } from "../tools/random.ts";
import { Life, randomStoredWorkflow, type StoredPayload, type StoredShape } from "../tools/random_stored_workflow.ts";
import { asStored, storedEvents } from "../tools/stored_run.ts";
import { loadStoredRuns } from "../tools/load_stored_runs.ts";

await loadStoredRuns();

type Event = WorkflowEvent<Any, Any>;

const FATES = ["lost", "hung", "done but lost", "done but hung"] as const satisfies readonly Fate[];
const RUN_ID = "run-1";

/** How a run is put through its crashes. */
interface Scenario {
  readonly shape: StoredShape;
  readonly concurrency: number;
  /** How many writes each process is granted, the last one's again and again; then its store fails it like this. */
  readonly writes: readonly number[];
  readonly fate: Fate;
}

/** What a run came to, through all of its processes. */
interface Survival {
  readonly outcome: RunOutcome;
  readonly events: readonly Event[];
  readonly lives: readonly Life[];
  readonly writes: number;
}

Deno.test("A stored run comes to what an undisturbed one comes to, wherever its process is killed", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const shape = { seed, isParallel: false, hasInner: seed % 4 === 0, hasFailFast: true, isWide: seed % 3 === 0 };
    await assertSurvives(shape, 1);
  }
});

Deno.test("A stored run with steps at work at once comes to what an undisturbed one comes to", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const shape = { seed, isParallel: true, hasInner: seed % 3 === 0, hasFailFast: false, isWide: seed % 4 === 0 };
    await assertSurvives(shape, 2 + seed % 3);
  }
});

Deno.test("A stored run with steps at work at once inside a step gives no key to other work", async () => {
  await assertSurvives({ seed: 705, isParallel: true, hasInner: true, hasFailFast: false, isWide: false }, 2);
});

Deno.test("A stored run with groups that stop at once keeps its promises wherever its process is killed", async () => {
  for (let seed = 101; seed <= 106; seed += 1) {
    const shape = { seed, isParallel: true, hasInner: seed % 3 === 0, hasFailFast: true, isWide: seed % 4 === 0 };
    const concurrency = 2 + seed % 3;
    const { writes } = await survive({ shape, concurrency, writes: [Infinity], fate: "lost" });
    for (let write = 0; write < writes; write += 1) {
      await survive({ shape, concurrency, writes: [write, Infinity], fate: fateOf(seed + write) });
    }
  }
});

Deno.test("A stored run comes to its end, however few writes each of its processes is granted", async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const shape = { seed, isParallel: false, hasInner: false, hasFailFast: true, isWide: seed % 3 === 0 };
    const undisturbed = await survive({ shape, concurrency: 1, writes: [Infinity], fate: "lost" });
    for (const fate of FATES) {
      const survival = await survive({ shape, concurrency: 1, writes: [9], fate });
      assertEquals(comparable(survival, shape), comparable(undisturbed, shape), tell({ shape, fate }));
    }
  }
});

/** Kills the run's process at every write, and takes the run to its end each time. */
async function assertSurvives(shape: StoredShape, concurrency: number): Promise<void> {
  const inMemory = await runInMemory(shape, concurrency);
  const undisturbed = await survive({ shape, concurrency, writes: [Infinity], fate: "lost" });
  const expected = comparable(undisturbed, shape);
  assertEquals(comparableOutcome(undisturbed.outcome, shape), comparableOutcome(inMemory, shape), tell({ shape }));
  // A long run is killed here and there.
  const stride = Math.ceil(undisturbed.writes / 20);
  for (let write = 0; write < undisturbed.writes; write += stride) {
    const fate = fateOf(shape.seed + write / stride);
    const survival = await survive({ shape, concurrency, writes: [write, Infinity], fate });
    assertEquals(comparable(survival, shape), expected, tell({ shape, concurrency, write, fate }));
  }
}

function fateOf(number: number): Fate {
  return FATES[number % FATES.length] ?? "lost";
}

async function runInMemory(shape: StoredShape, concurrency: number): Promise<RunOutcome> {
  const life = new Life();
  const workflow = randomStoredWorkflow(shape, life);
  const running = workflow.run("a", startOf(shape), { runId: RUN_ID, concurrency, clock: life.clock });
  return await settled(running, life, () => false) ?? Promise.reject(new Error("never"));
}

/** Runs one process after the other until the run has ended, and asserts what holds on the way. */
async function survive(scenario: Scenario): Promise<Survival> {
  const { shape, concurrency, writes, fate } = scenario;
  const store = new MemoryStore();
  const events: Event[] = [];
  const lives: Life[] = [];
  const owners = new Map<string, string>();
  let written = 0;
  for (let index = 0; index < 400; index += 1) {
    const granted = writes[Math.min(index, writes.length - 1)] ?? 0;
    const life = new Life();
    let left = granted;
    let isDead = false;
    const faulty = new FaultyStore(store, ({ isWrite }) => {
      if (isDead) return fate === "lost" || fate === "done but lost" ? "lost" : "hung";
      if (!isWrite) return "answered";
      written += 1;
      left -= 1;
      isDead = left < 0;
      return isDead ? fate : "answered";
    });
    const workflow = randomStoredWorkflow(shape, life);
    const options = { store: faulty, concurrency, clock: life.clock };
    const isNew = await store.find(RUN_ID) === null;
    const past = await storedEvents(store, RUN_ID);
    const stream = isNew
      ? workflow.stream("a", startOf(shape), { ...options, runId: RUN_ID })
      : workflow.resume(RUN_ID, { ...options, after: events.length });
    const { result } = stream;
    const read = async () => {
      try {
        for await (const event of stream) events.push(event);
        return { error: null };
      } catch (error) {
        return { error };
      }
    };
    const end = await settled(read(), life, () => isDead && fate.endsWith("hung"));
    assertRepeatsNothingCommitted(past, life, lives.at(-1), scenario);
    assertSameOwners(life, owners, scenario);
    lives.push(life);
    if (end !== null && end.error !== null) assert(isDead && end.error instanceof StoreError, tell(scenario, end));
    if (end === null || end.error !== null) continue;
    const outcome = await settled(result, life, () => false);
    assert(outcome !== null);
    await assertSame(events, store, scenario);
    return { outcome, events, lives, writes: written };
  }
  throw new Error(`The run has not ended: ${tell(scenario)}`);
}

/** Readers have seen what the store has, each event once, and each token has come to one result. */
async function assertSame(events: readonly Event[], store: MemoryStore, scenario: Scenario): Promise<void> {
  assertEquals(await storedEvents(store, RUN_ID), asStored(events), tell(scenario));
  assertEquals(events.map(({ seq }) => seq), events.map((_, index) => index + 1), tell(scenario));
  const ended = events.flatMap((event) => event.type === "run.end" ? [event.seq] : []);
  assertEquals(ended, [events.length], tell(scenario));
  const done = events.flatMap((event) => event.type === "step.result" && event.path === undefined ? [event.token] : []);
  assertEquals(new Set(done).size, done.length, tell(scenario));
}

/** Only what was in flight when the process before was killed is done again, and nothing whose result is stored. */
function assertRepeatsNothingCommitted(
  past: readonly WorkflowEvent[],
  { keys }: Life,
  before: Life | undefined,
  scenario: Scenario,
): void {
  const done = new Set(past.flatMap((event) => event.type === "step.result" ? [`${RUN_ID}/${event.token}`] : []));
  assertEquals(keys.filter((key) => done.has(key)), [], tell(scenario));
  // Steps inside have tokens as well, which take the numbers of those that are not stored.
  if (scenario.shape.hasInner || before === undefined) return;
  const repeated = new Set(before.keys.filter((key) => keys.includes(key)));
  assert(repeated.size <= scenario.concurrency, `${repeated.size} actions are repeated: ${tell(scenario)}`);
}

/** No process gives the idempotency key of one action to another. */
function assertSameOwners(life: Life, owners: Map<string, string>, scenario: Scenario): void {
  for (const [key, owner] of life.owners) {
    assertEquals(owners.get(key) ?? owner, owner, `${key}: ${tell(scenario)}`);
    owners.set(key, owner);
  }
}

/** Waits for the promise and moves the time on; `null` if the process is dead and stands still. */
async function settled<Value>(promise: Promise<Value>, { clock }: Life, isDead: () => boolean): Promise<Value | null> {
  let isSettled = false;
  const settle = () => {
    isSettled = true;
  };
  promise.then(settle, settle);
  for (let turns = 0; turns < 20_000; turns += 1) {
    for (let ticks = 0; ticks < 100 && !isSettled; ticks += 1) await undefined;
    if (isSettled) return promise;
    if (isDead()) return null;
    clock.tick(clock.nextDueMs);
  }
  throw new Error("It stands still");
}

function startOf({ seed }: StoredShape): StoredPayload {
  return { key: "0", seed: mix(seed, 2), depth: 0 };
}

/** What has to be the same whatever happens on the way. */
function comparable({ outcome, events }: Survival, shape: StoredShape): unknown {
  const results = events.flatMap((event) => {
    if (event.type !== "step.result" || event.path !== undefined) return [];
    const { step, attempt, payload, result } = event;
    // At once, which of a group's steps is its last is a matter of time, and so is what it has come to.
    if (shape.isParallel && step === "merge") return [];
    const routed = event.routed.filter(({ step }) => !shape.isParallel || step !== "merge");
    return [{ step, attempt, payload, result, routed: routed.map(({ step, where }) => `${where} ${step}`) }];
  });
  return {
    ...comparableOutcome(outcome, shape),
    results: shape.isParallel ? sorted(asStored(results)) : asStored(results),
  };
}

function comparableOutcome(
  { context, trace }: RunOutcome,
  { isParallel, hasInner }: StoredShape,
): { readonly context: unknown; readonly trace: unknown } {
  const compared = trace.filter(({ step }) => !isParallel || step !== "merge");
  const entries = compared.map(({ token, queueLengthAfter, ...entry }) => {
    if (isParallel) return entry;
    // What was done inside a step and is void has taken numbers.
    return hasInner ? { ...entry, queueLengthAfter } : { ...entry, queueLengthAfter, token };
  });
  const properties = Object.entries(asStored(context)).filter(([key]) => !isParallel || !key.startsWith("result."));
  return {
    context: Object.fromEntries(properties),
    trace: isParallel ? sorted(asStored(entries)) : asStored(entries),
  };
}

function sorted(items: readonly unknown[]): unknown[] {
  return items.toSorted((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
}

function tell(...what: readonly unknown[]): string {
  return what.map((item) => JSON.stringify(item)).join(" ");
}
