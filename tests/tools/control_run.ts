import { type Any, type RunOutcome, RunTimeoutError, StepLimitError, type WorkflowEvent } from "@stepstream/workflow";
import { ControlWorld } from "./control_world.ts";
import { type ControlPayload, randomControlWorkflow, randomPolicies } from "./seeded_control_workflow.ts";
import { mix, Random } from "./random.ts";
import { replayControl } from "./replay_control.ts";
import { spiedSignal } from "./spied_signal.ts";

/** How a random run is to be. */
export interface ControlRunOptions {
  readonly mode: "stream" | "run";
  /** Default: one that the seed says, from 1 to 16. */
  readonly concurrency?: number;
  /** Whether steps have limits of their own. Default: true. */
  readonly hasCaps?: boolean;
  /** Whether what is first hangs on time only, and no reader is slow. Default: false. */
  readonly isTimedOnly?: boolean;
  /** Whether it may be ended from outside. Default: true. */
  readonly isEnded?: boolean;
}

/** What came of a random run. */
export interface ControlRun {
  readonly seed: number;
  readonly mode: ControlRunOptions["mode"];
  readonly ending: Ending;
  readonly world: ControlWorld;
  readonly events: readonly WorkflowEvent<Any, Any>[];
  readonly start: string;
  readonly payload: ControlPayload;
  /** What it came to: an outcome, or why it came to none. */
  readonly outcome: RunOutcome | null;
  readonly error: unknown;
}

const ENDINGS = [
  "none",
  "none",
  "none",
  "cancel",
  "cancel inside",
  "signal",
  "break",
  "timeout",
  "steps",
  "throw",
] as const;
/** How a run is ended. */
export type Ending = typeof ENDINGS[number];

const CLEANUP_MS = 100;

/** Makes a random run and takes it to its end; the world has all that was wrong with it. */
export async function controlRun(seed: number, options: ControlRunOptions): Promise<ControlRun> {
  const { random: hostRandom } = Math;
  const jitter = new Random(mix(seed, 3));
  // Else a seed would not say how long a retry waits.
  Math.random = () => jitter.next();
  try {
    return await takeToEnd(seed, options);
  } finally {
    Math.random = hostRandom;
  }
}

async function takeToEnd(seed: number, options: ControlRunOptions): Promise<ControlRun> {
  const { mode, hasCaps = true, isTimedOnly = false, isEnded = true } = options;
  const random = new Random(mix(seed, 0xc0));
  const any = 1 + random.below(random.pick([4, 16]));
  const { concurrency = any } = options;
  const policies = randomPolicies(random, hasCaps);
  const drawn = random.pick(ENDINGS);
  const ending = isEnded || drawn === "steps" || drawn === "throw" ? drawn : "none";
  const world = new ControlWorld(new Random(mix(seed, 1)), {
    run: concurrency,
    step: (name) => policies.get(name)?.concurrency ?? Infinity,
  });
  const throwing = { outside: ending === "throw" ? 20 : 0, inside: 3 };
  const workflow = randomControlWorkflow(world, { seed, policies, isTimedOnly, throwing });
  const payload: ControlPayload = { key: "0", seed: mix(seed, 2), depth: 0 };
  const runOptions = {
    runId: "run-1",
    concurrency,
    signal: undefined as AbortSignal | undefined,
    clock: world.clock,
    maxSteps: ending === "steps" ? 1 + random.below(20) : 500,
    maxBufferedEvents: Infinity,
    cleanupTimeoutMs: CLEANUP_MS,
    ...(ending === "timeout" ? { timeoutMs: 1 + random.below(120) } : {}),
  };
  const spied = spiedSignal();
  runOptions.signal = spied.signal;
  const endAt = random.below(60);
  const isSlow = !isTimedOnly && random.percent(25);

  const events: WorkflowEvent<Any, Any>[] = [];
  const settled: { outcome: RunOutcome | null; error: unknown; isSettled: boolean } = {
    outcome: null,
    error: null,
    isSettled: false,
  };
  let isWanted = true;
  let isLeaving = false;
  const stopAll = (how: string) => {
    world.isOver = true;
    for (const { step, token } of world.activeActions) {
      world.find("stopping", `${how} did not abort ${step}, token ${token}`);
    }
  };
  const settle = (error: unknown, outcome: RunOutcome | null) => {
    Object.assign(settled, { outcome, error, isSettled: true });
    world.activity += 1;
    stopAll("the end");
    if (world.clock.size > 0) world.find("leaks", `${world.clock.size} timers are left when the run has settled`);
    if (spied.listeners > 0) world.find("leaks", `${spied.listeners} listeners are left at the signal`);
    if (world.listenersLeft > 0) world.find("leaks", `${world.listenersLeft} listeners are left at steps' signals`);
  };

  let visits = 0;
  if (mode === "run") {
    world.onVisit = () => {
      visits += 1;
      if (ending !== "signal" || visits !== endAt) return;
      spied.abort("enough");
      stopAll("its signal");
    };
    workflow.run("a0", payload, runOptions).then((outcome) => settle(null, outcome), (error) => settle(error, null));
  } else {
    const stream = workflow.stream("a0", payload, runOptions);
    world.onVisit = () => {
      visits += 1;
      if (visits !== endAt || events.length === 0) return;
      if (ending === "signal") spied.abort("enough");
      else if (ending === "cancel inside") void stream.cancel("enough");
      else return;
      stopAll(ending);
    };
    const read = async () => {
      for await (const event of stream) {
        world.activity += 1;
        events.push(event);
        if (event.type === "run.end") world.isOver = true;
        if (events.length === endAt && ending === "cancel") {
          void stream.cancel("enough");
          stopAll(ending);
        }
        if (events.length === endAt && ending === "break") {
          isLeaving = true;
          break;
        }
        isWanted = false;
        if (isSlow && random.percent(20)) await world.wait(null);
        isWanted = true;
      }
    };
    read().catch(() => {}).then(() => stream.result).then(
      (outcome) => settle(null, outcome),
      (error) => settle(error, null),
    );
  }

  for (let turns = 0; !settled.isSettled; turns += 1) {
    await world.standStill();
    if (settled.isSettled) break;
    if (mode === "stream") world.noteStandStill(events.length, isWanted && !isLeaving && !world.isOver);
    if (world.isOver) stopAll("the end");
    if (!world.takeTurn() || turns > 5_000) {
      world.find("sequence", "the run goes on no more and has not ended");
      break;
    }
  }
  // What was given up may still do something, at other times than what counts.
  for (let turns = 0; turns < 500; turns += 1) {
    await world.standStill();
    if (!world.takeTurn()) break;
  }
  if (world.clock.size > 0) world.find("leaks", "timers are left for good");
  if (mode === "stream") {
    const { maxSteps } = runOptions;
    replayControl(events, world, { start: "a0", payload, concurrency, maxSteps, isSlow, policies });
  }
  tellEnding(world, events, ending, settled);
  return { seed, mode, ending, world, events, start: "a0", payload, outcome: settled.outcome, error: settled.error };
}

/** Whether it ended as it may. */
function tellEnding(
  world: ControlWorld,
  events: readonly WorkflowEvent<Any, Any>[],
  ending: Ending,
  { outcome, error, isSettled }: {
    readonly outcome: RunOutcome | null;
    readonly error: unknown;
    readonly isSettled: boolean;
  },
): void {
  if (!isSettled) return;
  const isRight = outcome !== null || (ending === "timeout" && error instanceof RunTimeoutError) ||
    (ending === "steps" && error instanceof StepLimitError) ||
    (ending === "throw" && String(error).includes("no way")) ||
    (ending === "break" && String(error).includes("was cancelled")) || error === "enough";
  if (!isRight) world.find("sequence", `it should not end by ${error} (${ending})`);
  const last = events.at(-1);
  if (last === undefined || (ending === "break" && last.type !== "run.end")) return;
  const status = outcome !== null ? "completed" : error === "enough" ? "cancelled" : "failed";
  const isTold = last.type === "run.end" && last.status === status && last.error === error;
  if (!isTold) world.find("sequence", `the last event is a run.end that says ${status}`);
}
