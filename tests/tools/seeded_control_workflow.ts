import {
  type Action,
  type Any,
  asStep,
  type Decision,
  type Enqueue,
  type Result,
  type RetryPolicy,
  type Step,
  type StepLogHelper,
  type StepScope,
  Workflow,
} from "@stepstream/workflow";
import type { Call, ControlWorld } from "./control_world.ts";
import { mix, Random } from "./random.ts";

/** What tokens carry: all that a step does follows from it. */
export interface ControlPayload {
  /** The way by which it came about. */
  readonly key: string;
  readonly seed: number;
  readonly depth: number;
}

/** How an action fails that is meant to. */
export class PlannedFailure extends Error {
  override readonly name = "PlannedFailure";
  readonly payload: ControlPayload;
  readonly retryAfterMs: number | undefined;

  constructor(payload: ControlPayload, retryAfterMs: number | undefined) {
    super(`failed ${payload.key}`);
    this.payload = payload;
    this.retryAfterMs = retryAfterMs;
  }
}

/** What the steps of a random workflow are like. */
export interface ControlShape {
  readonly seed: number;
  /** What a step may have beside its action, by name. */
  readonly policies: ReadonlyMap<string, StepPolicies>;
  /** Actions wait for time only, so that what is first does not hang on who does its turn. */
  readonly isTimedOnly: boolean;
  /** How many of 100 decisions throw, outside and inside. */
  readonly throwing: { readonly outside: number; readonly inside: number };
}

/** How a step is controlled. */
export interface StepPolicies {
  readonly concurrency?: number;
  readonly retry?: RetryPolicy;
  readonly timeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

const MAX_DEPTH = 4;
const LEVELS = 3;
const PLAIN = ["a", "b", "c"] as const;

/** The policies of every step of the workflow and of those inside it. */
export function randomPolicies(random: Random, hasCaps: boolean): Map<string, StepPolicies> {
  const policies = new Map<string, StepPolicies>();
  for (let level = 0; level < LEVELS; level += 1) {
    for (const name of [...PLAIN, "join", "sub"]) policies.set(`${name}${level}`, randomStepPolicies(random, hasCaps));
  }
  return policies;
}

function randomStepPolicies(random: Random, hasCaps: boolean): StepPolicies {
  const cap = random.percent(30) ? 1 + random.below(3) : null;
  return {
    ...(hasCaps && cap !== null ? { concurrency: cap } : {}),
    ...(random.percent(50) ? { retry: randomRetry(random) } : {}),
    ...(random.percent(30) ? { timeoutMs: 10 + random.below(80) } : {}),
    ...(random.percent(20) ? { idleTimeoutMs: 10 + random.below(40) } : {}),
  };
}

function randomRetry(random: Random): RetryPolicy {
  return {
    maxAttempts: 1 + random.below(3),
    delayMs: random.pick([0, 5, 20]),
    factor: random.pick([1, 2]),
    jitter: random.pick(["none", "full"]),
    ...(random.percent(30) ? { maxDelayMs: 15 } : {}),
  };
}

/**
 * A workflow with all that controls its steps: limits, retries, timeouts, groups, and workflows inside as steps. What a
 * step does follows from its token, whoever reads and whatever is at work beside it.
 */
export function randomControlWorkflow(world: ControlWorld, shape: ControlShape, level = 0): Workflow {
  const workflow: Workflow<Any, Any, Any, Any> = new Workflow({ name: `level ${level}` });
  const inside = level + 1 < LEVELS ? randomControlWorkflow(world, shape, level + 1) : null;
  const decision = createDecision(world, shape, level);
  for (const plain of [...PLAIN, "join"]) {
    const name = `${plain}${level}`;
    const policies = shape.policies.get(name) ?? {};
    workflow.add({ ...policies, name, decision, action: createAction(world, shape, name, policies) });
  }
  if (inside !== null) workflow.add(createSubStep(world, shape, level, inside, decision));
  return workflow;
}

function createSubStep(
  world: ControlWorld,
  shape: ControlShape,
  level: number,
  inside: Workflow,
  decision: Decision,
): Step {
  const name = `sub${level}`;
  const { action, ...step } = asStep(name, inside, {
    ...shape.policies.get(name),
    start: `a${level + 1}`,
    context: (_ctx, origin) => ({ origin }),
    value: ({ origin }): ControlPayload => ({ ...origin, key: `${origin.key}!`, seed: mix(origin.seed, 99) }),
    decision,
  });
  return {
    ...step,
    action: async (context, payload, log, scope) => {
      const { token, attempt } = scope;
      const call = world.beginAction({ step: name, context, payload, token, attempt, scope, isAround: true });
      try {
        return await action(context, payload, log, scope);
      } finally {
        world.endAction(call);
      }
    },
  };
}

function createAction(world: ControlWorld, shape: ControlShape, step: string, policies: StepPolicies): Action {
  return (context, given: ControlPayload | readonly Result[], log, scope) => {
    const { token, attempt } = scope;
    const call = world.beginAction({ step, context, payload: given, token, attempt, scope, isAround: false });
    const payload = toPayload(given);
    const random = new Random(mix(payload.seed, attempt));
    const moves = randomMoves(world, random, shape, policies, log, scope);
    const isFailing = payload.depth > 0 && random.percent(20);
    const retryAfterMs = random.percent(15) ? random.below(30) : undefined;
    const end = () => {
      world.visit();
      if (isFailing) throw new PlannedFailure(payload, retryAfterMs);
      return { ...payload };
    };
    const finish = () => world.endAction(call);
    switch (random.below(6)) {
      case 0:
      case 1:
        return async function () {
          try {
            for (const move of moves) await move();
            return end();
          } finally {
            finish();
          }
        }();
      case 2:
        return function* () {
          try {
            for (const move of moves) yield move();
            return end();
          } finally {
            finish();
          }
        }();
      case 3:
        return async function* () {
          try {
            for (const [index, move] of moves.entries()) {
              if (index % 2 === 0) yield index;
              await move();
            }
            return end();
          } finally {
            finish();
          }
        }();
      case 4:
        try {
          log.event("at once");
          return end();
        } finally {
          finish();
        }
      default:
        return (async () => {
          try {
            await moves[0]?.();
            return end();
          } finally {
            finish();
          }
        })();
    }
  };
}

/** What an action does, bit by bit. */
function randomMoves(
  world: ControlWorld,
  random: Random,
  { isTimedOnly }: ControlShape,
  { timeoutMs, idleTimeoutMs }: StepPolicies,
  log: StepLogHelper,
  scope: StepScope,
): (() => Promise<void> | undefined)[] {
  const signal = random.percent(70) ? scope.signal : null;
  const canHang = timeoutMs !== undefined || idleTimeoutMs !== undefined;
  return Array.from({ length: random.below(5) }, () => {
    const kind = random.below(10);
    const ms = 1 + random.below(random.percent(20) ? 60 : 15);
    return () => {
      world.visit();
      if (kind < 2) log.event("bit", kind);
      else if (kind === 2) scope.heartbeat();
      else if (kind === 3) return Promise.resolve();
      else if (kind < 6) return world.nap(ms, signal);
      else if (kind === 6 && canHang && ms % 5 === 0) return world.hang(signal);
      else return isTimedOnly ? world.nap(ms, signal) : world.wait(signal);
    };
  });
}

function createDecision(world: ControlWorld, shape: ControlShape, level: number): Decision {
  const throwing = level === 0 ? shape.throwing.outside : shape.throwing.inside;
  return (context, result, enqueue, log) => {
    const decision = world.beginDecision(context, result);
    log.event("decided", world.decisions.length - 1);
    const payload = payloadOf(result);
    const random = new Random(mix(payload.seed, 7));
    const isThrowing = random.percent(throwing);
    const calls = randomCalls(random, payload, result, level);
    const doCall = (call: Call) => {
      world.visit();
      decision.calls.push(call);
      route(enqueue, call);
    };
    const end = () => {
      world.endDecision(decision);
      if (!isThrowing) return;
      world.hasThrown = true;
      throw new Error(`no way ${payload.key}`);
    };
    if (random.percent(60)) {
      for (const call of calls) doCall(call);
      return end();
    }
    return (async () => {
      for (const call of calls) {
        if (random.percent(40)) await (shape.isTimedOnly ? world.nap(3, null) : world.wait(null));
        if (random.percent(30)) log.event("thought", call.where);
        await undefined;
        // Where the run has ended meanwhile, what is enqueued is not taken.
        doCall(call);
      }
      end();
    })();
  };
}

function route(enqueue: Enqueue, call: Call): void {
  if (call.where === "all") enqueue.all(call.step, call.payloads, { then: call.then, mode: call.mode });
  else enqueue[call.where](call.step, call.payload);
}

function randomCalls(random: Random, { key, seed, depth }: ControlPayload, { ok }: Result, level: number): Call[] {
  if (depth >= MAX_DEPTH || (!ok && random.percent(60))) return [];
  const names: [string, ...string[]] = [`a${level}`, `b${level}`, `c${level}`];
  if (level + 1 < LEVELS && depth + 1 < MAX_DEPTH) names.push(`sub${level}`);
  let made = 0;
  const next = (): ControlPayload => {
    made += 1;
    return { key: `${key}.${made}`, seed: mix(seed, made), depth: depth + 1 };
  };
  return Array.from({ length: depth < 2 ? 2 - depth + random.below(3) : random.below(3) }, (): Call => {
    const step = random.pick(names);
    if (random.percent(60)) return { where: random.percent(40) ? "head" : "tail", step, payload: next() };
    const payloads = Array.from({ length: random.percent(10) ? 0 : 1 + random.below(4) }, next);
    return { where: "all", step, payloads, then: `join${level}`, mode: random.percent(45) ? "fail-fast" : "settle" };
  });
}

/** What a joining step takes its results for. */
function toPayload(given: ControlPayload | readonly Result[]): ControlPayload {
  if (!Array.isArray(given)) return given as ControlPayload;
  const payloads = given.map(payloadOf);
  return {
    key: `(${payloads.map(({ key }) => key).join(" ")})`,
    seed: payloads.reduce((sum, { seed }) => mix(sum, seed), 1),
    depth: Math.max(2, ...payloads.map(({ depth }) => depth)),
  };
}

function payloadOf({ ok, value, error }: Result): ControlPayload {
  if (ok) return value as ControlPayload;
  return error instanceof PlannedFailure ? error.payload : { key: "lost", seed: 5, depth: MAX_DEPTH - 1 };
}
