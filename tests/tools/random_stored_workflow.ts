import {
  type Any,
  asStep,
  type Decision,
  type Result,
  type Step,
  type StepScope,
  Workflow,
} from "@stepstream/workflow";
import { ManualClock } from "./manual_clock.ts";
import { mix, Random } from "./random.ts";

/** What tokens carry: all that a step does follows from it. */
export interface StoredPayload {
  readonly key: string;
  readonly seed: number;
  readonly depth: number;
}

/** What a random workflow may have. */
export interface StoredShape {
  readonly seed: number;
  /** Whether steps are at work at once, so that what they write must not depend on their order. */
  readonly isParallel: boolean;
  readonly hasInner: boolean;
  readonly hasFailFast: boolean;
  /** Whether steps write so much that the store gets snapshots on the way. */
  readonly isWide: boolean;
}

/** One life of a process: what it works with is gone after it. */
export class Life {
  readonly clock = new ManualClock();
  /** The idempotency keys of the actions that were begun, in order, those of runs inside not among them. */
  readonly keys: string[] = [];
  /** By the idempotency key of each action that was begun, whose it is. */
  readonly owners = new Map<string, string>();

  nap(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.setTimeout(resolve, ms));
  }
}

const NAMES = ["a", "b", "c"] as const;
const MAX_DEPTH = 3;
/** A few of them are more than a store keeps as records. */
const WIDTH = 15_000;

/** A workflow that comes to the same whenever and wherever its steps are done, with all that there is to store. */
export function randomStoredWorkflow(shape: StoredShape, life: Life): Workflow<Any, Any, Any, Any> {
  const random = new Random(mix(shape.seed, 3));
  const workflow: Workflow<Any, Any, Any, Any> = new Workflow({ name: "random" });
  for (const name of [...NAMES, "merge"]) {
    workflow.add({ name, ...randomPolicies(random), action: createAction(shape, life), decision: decide(shape) });
  }
  if (!shape.hasInner) return workflow;
  const inner: Workflow<Any, Any, Any, Any> = new Workflow({ name: "inside" });
  for (const name of [...NAMES, "merge"]) {
    inner.add({ name, ...randomPolicies(random), action: createAction(shape, life, true), decision: decide(shape) });
  }
  return workflow.add(asStep("sub", inner, {
    start: "a",
    retry: { maxAttempts: 2, delayMs: 5, jitter: "none" },
    context: (_ctx, payload) => ({ payload }),
    // At once, which result of a step is its last is a matter of time.
    value: ({ payload, ...context }) => shape.isParallel ? { payload } : { payload, ...context },
    decision: (_ctx, result, enqueue) => {
      if (result.ok && result.value.payload.depth < MAX_DEPTH) enqueue.head("b", childOf(result.value.payload, "out"));
    },
  }));
}

function randomPolicies(random: Random): Pick<Step, "retry" | "concurrency"> {
  return {
    ...(random.percent(30) ? { concurrency: 1 + random.below(2) } : {}),
    ...(random.percent(60)
      ? { retry: { maxAttempts: 1 + random.below(3), delayMs: random.below(3) * 7, jitter: "none" as const } }
      : {}),
  };
}

function createAction({ isParallel, isWide }: StoredShape, life: Life, isInside = false): Step["action"] {
  return (ctx, given: StoredPayload | readonly Result<Any>[], log, scope: StepScope) => {
    if (!isInside) life.keys.push(scope.idempotencyKey);
    const payload = toPayload(given);
    life.owners.set(scope.idempotencyKey, Array.isArray(given) ? "of a group" : payload.key);
    const random = new Random(mix(payload.seed, scope.attempt));
    const isFailing = payload.depth > 0 && random.percent(25);
    // Joined at once, two may be called the same.
    const canWrite = !isParallel || !Array.isArray(given);
    if (isWide && canWrite) ctx[isParallel ? `wide ${payload.key}` : "wide"] = payload.key.padEnd(WIDTH);
    if (canWrite) change(ctx, payload, scope, random, isParallel);
    const end = () => {
      if (canWrite) ctx[`done ${payload.key}`] = scope.attempt;
      if (isFailing) throw new Error(`${payload.depth} ${payload.key}`);
      return payload.depth > 0 && random.percent(10)
        ? undefined
        : { ...payload, seed: mix(payload.seed, 11), tag: [null, "ü\n\u2028", -1.5, { deep: [] }] };
    };
    switch (random.below(5)) {
      case 0:
        log.event("at once", { at: payload.key });
        return end();
      case 1:
        return (async () => {
          await life.nap(random.below(9));
          log.event("awake");
          await undefined;
          return end();
        })();
      case 2:
        return async function* () {
          yield { chunk: payload.key };
          await life.nap(random.below(9));
          yield 2;
          return end();
        }();
      case 3:
        return function* () {
          yield "first";
          log.event("between", [1]);
          yield "second";
          return end();
        }();
      default:
        return end();
    }
  };
}

/** Writes to the context, in every way there is. */
function change(ctx: Any, { key }: StoredPayload, { attempt }: StepScope, random: Random, isParallel: boolean): void {
  if (isParallel) {
    ctx[`by ${key}`] = { attempts: [...(ctx[`by ${key}`]?.attempts ?? []), attempt] };
    return;
  }
  ctx.count = (ctx.count ?? 0) + 1;
  (ctx.list ??= []).push(key);
  if (random.percent(30)) ctx[`temporary ${random.below(4)}`] = key;
  if (random.percent(30)) delete ctx[`temporary ${random.below(4)}`];
  if (random.percent(20)) ctx.nested = { inside: { ...ctx.nested?.inside, [key]: true } };
  if (random.percent(10)) ctx.keys = Object.keys(ctx).filter((name) => ctx[name] !== undefined).length;
}

function decide({ seed: shapeSeed, hasInner, hasFailFast, isParallel }: StoredShape): Decision {
  return (ctx: Any, result: Result<Any>, enqueue, log) => {
    const payload: StoredPayload = result.ok ? result.value ?? LOST : toLost(result.error);
    const random = new Random(mix(mix(payload.seed, shapeSeed), 77));
    if (random.percent(30)) log.event("decided", payload.depth);
    if (!isParallel && random.percent(15)) {
      for (const key of Object.keys(ctx)) if (key.startsWith("result.")) delete ctx[key];
    }
    // At once, what a group has come to is a matter of time.
    if (isParallel && payload.key.includes("(")) return;
    if (payload.depth >= MAX_DEPTH || (!result.ok && random.percent(50))) return;
    const isInside = "payload" in ctx;
    const names = hasInner && !isInside ? [...NAMES, "sub"] : NAMES;
    const route = () => {
      for (let index = random.below(payload.depth === 0 ? 4 : 2); index >= 0; index -= 1) {
        const step = names[random.below(names.length)] ?? "a";
        if (random.percent(55)) {
          // Two of the same payload at once would write to the same keys.
          const isValue = !isParallel && result.ok && random.percent(10) && payload.depth === MAX_DEPTH - 1;
          const child = isValue ? undefined : childOf(payload, String(index));
          enqueue[random.percent(40) ? "head" : "tail"](step, child);
          continue;
        }
        const payloads = Array.from({ length: random.below(4) }, (_, item) => childOf(payload, `${index}:${item}`));
        const mode = hasFailFast && random.percent(40) ? "fail-fast" : "settle";
        enqueue.all(step, payloads, { then: "merge", mode });
      }
    };
    if (random.percent(70)) return route();
    return Promise.resolve().then(route);
  };
}

const LOST: StoredPayload = { key: "lost", seed: 5, depth: MAX_DEPTH };

/** What a failure tells of the payload. */
function toLost(error: unknown): StoredPayload {
  const message = typeof error === "object" && error !== null && "message" in error ? String(error.message) : "";
  return { key: message, seed: message.length, depth: /^\d /.test(message) ? Number(message[0]) : MAX_DEPTH };
}

function childOf({ key, seed, depth }: StoredPayload, name: string): StoredPayload {
  const hash = [...name].reduce((sum, letter) => mix(sum, letter.charCodeAt(0)), 1);
  return { key: `${key}/${name}`, seed: mix(seed, hash), depth: depth + 1 };
}

/** What a step takes for its payload that gets the results of a group. */
function toPayload(given: StoredPayload | readonly Result<Any>[] | undefined): StoredPayload {
  if (given === undefined) return LOST;
  if (!Array.isArray(given)) return given as StoredPayload;
  const payloads = given.map(({ ok, value, error }): StoredPayload => ok ? value ?? LOST : toLost(error));
  const depths = payloads.map(({ depth }) => depth ?? MAX_DEPTH);
  const key = `(${payloads.map(({ key }) => key).join(" ")})`;
  return { key, seed: key.length, depth: Math.min(...depths) === 2 ? 2 : MAX_DEPTH };
}
