import {
  type Any,
  asStep,
  type GroupMode,
  type Result,
  type RetryPolicy,
  type Step,
  Workflow,
} from "@stepstream/workflow";
import type { ManualClock } from "./manual_clock.ts";
import { mix, Random } from "./random.ts";

/** What the tokens carry: all that a step does follows from it. The key says where in the run it comes from. */
export interface ControlPayload {
  readonly seed: number;
  readonly depth: number;
  readonly key: string;
}

/** Which parts a random workflow may have. */
export interface ControlShape {
  readonly hasInner: boolean;
  readonly hasStepLimits: boolean;
  readonly hasFailFast: boolean;
  /** How many of 100 workflows have a decision that throws. */
  readonly throwingDecisions: number;
}

const NAMES: readonly [string, ...string[]] = ["a", "b", "c", "inner"];
const MAX_DEPTH = 4;

/** The key of a group whose results do not say whose they are. */
const ANONYMOUS = "?";

/** Sees what the user's code of a run sees, and asserts what has to hold there. */
export class ControlWatch {
  readonly #concurrency: number;
  readonly #limits: ReadonlyMap<string, number>;
  readonly #inFlight = new Map<object, { readonly step: string; readonly key: string }>();
  readonly #merged = new Set<string>();
  /** The sizes of the groups that decisions asked for, by the key of the group. */
  readonly groups = new Map<string, number>();
  /** The signals of the actions that are at work. */
  readonly signals = new Set<AbortSignal>();
  /** What did not hold. It is kept, since an action that throws only makes its step fail. */
  readonly violations: string[] = [];
  #deciding: string | null = null;
  isOver = false;
  /** Groups whose results do not say whose they are. */
  anonymousMerges = 0;

  constructor(concurrency: number, limits: ReadonlyMap<string, number>) {
    this.#concurrency = concurrency;
    this.#limits = limits;
  }

  get merged(): ReadonlySet<string> {
    return this.#merged;
  }

  enter(step: string, key: string, signal: AbortSignal): () => void {
    this.#hold(!this.isOver, `nothing starts after the end: ${key}`);
    this.#hold(!signal.aborted, `what starts is not aborted: ${key}`);
    for (const group of this.#merged) this.#hold(!isIn(group, key), `${key} starts after its group has merged`);
    const self = {};
    this.#inFlight.set(self, { step, key });
    this.signals.add(signal);
    this.#hold(this.#inFlight.size <= this.#concurrency, `${this.#inFlight.size} of ${this.#concurrency} in flight`);
    const ofStep = [...this.#inFlight.values()].filter((other) => other.step === step).length;
    this.#hold(ofStep <= (this.#limits.get(step) ?? Infinity), `${ofStep} of step ${step} in flight`);
    const leave = () => {
      this.#inFlight.delete(self);
      this.signals.delete(signal);
      signal.removeEventListener("abort", leave);
    };
    signal.addEventListener("abort", leave);
    return leave;
  }

  decide(key: string): () => void {
    this.#hold(this.#deciding === null, `the decision of ${key} is taken during that of ${this.#deciding}`);
    this.#deciding = key;
    return () => {
      this.#deciding = null;
    };
  }

  /** Asserts that the results are those of a group, and answers its key. */
  merge(results: readonly Result<Any>[]): string {
    const texts = results.map(({ ok, value, error }) => ok ? `${value?.key}` : String(error));
    if (texts.every(isAnonymous)) {
      this.anonymousMerges += 1;
      return ANONYMOUS;
    }
    const fits = (group: string, size: number) =>
      size === texts.length && !this.#merged.has(group) &&
      texts.every((text, index) => isAnonymous(text) || text.includes(`${group}.${index}`));
    const fitting = [...this.groups].flatMap(([group, size]) => fits(group, size) ? [group] : []);
    // An inner group's results could be those of one around it, but not the other way round.
    const [group] = fitting.toSorted((a, b) => b.length - a.length);
    this.#hold(group !== undefined, `[${texts.join(", ")}] are the results of a group that has not merged`);
    if (group === undefined) return "";
    this.#merged.add(group);
    for (const { key } of this.#inFlight.values()) {
      this.#hold(!isIn(group, key), `${key} is at work while its group merges`);
    }
    this.#hold(group.includes("!") || !texts.some((text) => text.startsWith("Group")), `${group} was stopped`);
    return group;
  }

  #hold(holds: boolean, claim: string): void {
    if (!holds) this.violations.push(claim);
  }
}

/** A result that does not say whose it is. */
function isAnonymous(text: string): boolean {
  return text === ANONYMOUS || text.startsWith("GroupFailedError") || text.startsWith("StepTimeoutError");
}

/** True if a token of the key is a member of the group. */
function isIn(group: string, key: string): boolean {
  return key.startsWith(`${group}.`);
}

/** The limits of a shape's steps, by name. */
export function randomLimits(seed: number, { hasStepLimits }: ControlShape): ReadonlyMap<string, number> {
  const random = new Random(mix(seed, 3));
  return new Map(NAMES.flatMap((name) => hasStepLimits && random.percent(30) ? [[name, 1 + random.below(3)]] : []));
}

/** A workflow of all that there is: every policy, groups in groups, workflows in workflows. */
export function randomControlWorkflow(
  seed: number,
  shape: ControlShape,
  watch: ControlWatch,
  work: ManualClock,
  level = 0,
): Workflow {
  const workflow = new Workflow();
  const limits = level === 0 ? randomLimits(seed, shape) : new Map<string, number>();
  const isThrowing = new Random(mix(seed, 4)).percent(shape.throwingDecisions);
  for (const name of NAMES) {
    const random = new Random(mix(seed, name.charCodeAt(0) + level));
    const decision = decisionOf(shape, watch, isThrowing && name === "c", "~".repeat(level));
    const policies = { ...policiesOf(random), concurrency: limits.get(name), decision };
    if (name === "inner" && shape.hasInner && level < 2) {
      const inner = randomControlWorkflow(mix(seed, 9), { ...shape, throwingDecisions: 0 }, watch, work, level + 1);
      const { decision, concurrency } = policies;
      workflow.add(asStep(name, inner, {
        start: "a",
        decision,
        concurrency,
        context: (_ctx, payload) => ({ payload }),
        value: ({ payload }) => payload,
      }));
    } else workflow.add({ name, ...policies, action: actionOf(`${name}${"~".repeat(level)}`, watch, work, policies) });
  }
  return workflow.add({
    name: "merge",
    action: (_ctx, results): ControlPayload => ({ seed: 1, depth: MAX_DEPTH, key: watch.merge(results) }),
  });
}

function policiesOf(random: Random): Pick<Step, "retry" | "timeoutMs" | "idleTimeoutMs"> {
  const retry: RetryPolicy = {
    maxAttempts: 1 + random.below(4),
    delayMs: random.below(30),
    jitter: random.percent(50) ? "full" : "none",
  };
  return {
    retry: random.percent(50) ? retry : undefined,
    timeoutMs: random.percent(40) ? 10 + random.below(40) : undefined,
    idleTimeoutMs: random.percent(30) ? 5 + random.below(40) : undefined,
  };
}

function actionOf(
  name: string,
  watch: ControlWatch,
  work: ManualClock,
  { timeoutMs, idleTimeoutMs }: Pick<Step, "timeoutMs" | "idleTimeoutMs">,
): Step["action"] {
  const isTimed = timeoutMs !== undefined || idleTimeoutMs !== undefined;
  return (_ctx, payload: ControlPayload, log, scope) => {
    const random = new Random(mix(payload.seed, scope.attempt));
    const leave = watch.enter(name, payload.key, scope.signal);
    const isFailing = random.percent(25);
    const isHanging = isTimed && random.percent(20);
    const waits = random.below(3);
    const settle = () => {
      leave();
      if (isFailing) throw new Error(`failed ${payload.key}`);
      return payload;
    };
    const pause = () => new Promise<void>((resolve) => work.setTimeout(resolve, random.below(25)));
    if (random.percent(40)) {
      if (random.percent(50)) log.event("sync");
      return settle();
    }
    if (random.percent(30)) {
      return async function* () {
        for (let index = 0; index < waits; index += 1) {
          yield index;
          await pause();
        }
        return settle();
      }();
    }
    return async function () {
      for (let index = 0; index < waits; index += 1) {
        await pause();
        // What is logged after a timeout has to be dropped, so it may be logged.
        if (random.percent(50)) log.event("async", { attempt: scope.attempt });
        if (random.percent(30)) scope.heartbeat();
        if (random.percent(50)) scope.signal.throwIfAborted();
      }
      if (isHanging) await new Promise(() => {});
      return settle();
    }();
  };
}

function decisionOf(shape: ControlShape, watch: ControlWatch, isThrowing: boolean, mark: string): Step["decision"] {
  return (_ctx, result, enqueue, log) => {
    const payload: ControlPayload = result.ok ? result.value : { seed: 1, depth: MAX_DEPTH, key: "" };
    const random = new Random(mix(payload.seed, 77));
    const decided = watch.decide(payload.key);
    if (random.percent(30)) log.event("decision");
    const child = (name: string): ControlPayload => ({
      seed: mix(payload.seed, name.length * 31 + random.below(1_000)),
      depth: payload.depth + 1,
      key: `${payload.key}${mark}${name}`,
    });
    const route = () => {
      if (payload.depth >= MAX_DEPTH || !result.ok) return;
      const routes = random.below(3);
      for (let index = 0; index < routes; index += 1) {
        enqueue[random.percent(30) ? "head" : "tail"](random.pick(NAMES), child(`/${index}`));
      }
      if (random.percent(35)) fanOut();
    };
    const fanOut = () => {
      const mode: GroupMode = shape.hasFailFast && random.percent(40) ? "fail-fast" : "settle";
      const sign = mode === "settle" ? "#" : "!";
      const size = random.below(6);
      watch.groups.set(`${payload.key}${mark}${sign}`, size);
      const payloads = Array.from({ length: size }, (_, index) => child(`${sign}.${index}`));
      enqueue.all(random.pick(["a", "b", "c"]), payloads, { then: "merge", mode });
    };
    const finish = () => {
      decided();
      if (isThrowing && random.percent(20)) throw new Error("decision");
    };
    if (random.percent(70)) {
      route();
      return finish();
    }
    return Promise.resolve().then(async () => {
      await Promise.resolve();
      route();
      finish();
    });
  };
}
