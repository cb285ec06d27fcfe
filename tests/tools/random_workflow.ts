import { type Action, type Decision, type Where, Workflow } from "@stepstream/workflow";
import { laterTurn } from "./events.ts";
import { mix, Random } from "./random.ts";

/** How a random run goes, beside what its seed says. */
export interface RandomRunHooks {
  /** Called at every place where user code runs: in actions, in decisions and between their awaits. */
  readonly visit: () => void;
}

/** What a random workflow's tokens carry: all that a step does follows from it. */
export interface RandomPayload {
  readonly seed: number;
  readonly depth: number;
}

const STEPS: readonly [string, ...string[]] = ["a", "b", "c", "d"];
const MAX_DEPTH = 5;

/**
 * A workflow whose steps do what the seed of their token says: sync and async actions, generators, failures, logs and
 * routes to both ends. A token always does the same, whoever reads and however slowly.
 */
export function randomWorkflow(hooks: RandomRunHooks): Workflow {
  const workflow = new Workflow();
  for (const name of STEPS) workflow.add({ name, action: createAction(hooks), decision: createDecision(hooks) });
  return workflow;
}

function createAction({ visit }: RandomRunHooks): Action<RandomPayload> {
  return (_ctx, payload, log) => {
    const random = new Random(payload.seed);
    const isFailing = random.percent(15);
    const logs = random.below(4);
    const note = () => {
      visit();
      if (random.percent(60)) log.event(`log ${random.below(100)}`, { depth: payload.depth });
    };
    const settle = () => {
      visit();
      if (isFailing) throw new Error(`failed ${payload.seed}`);
      return payload;
    };
    switch (random.below(5)) {
      case 0:
        return async function () {
          for (let index = 0; index < logs; index += 1) {
            note();
            await (random.percent(10) ? laterTurn() : undefined);
          }
          return settle();
        }();
      case 1:
        return function* () {
          for (let index = 0; index < logs; index += 1) {
            note();
            yield index;
          }
          return settle();
        }();
      case 2:
        return async function* () {
          for (let index = 0; index < logs; index += 1) {
            note();
            if (random.percent(50)) yield index;
            await undefined;
          }
          return settle();
        }();
      default:
        for (let index = 0; index < logs; index += 1) note();
        return settle();
    }
  };
}

function createDecision({ visit }: RandomRunHooks): Decision {
  return (ctx, result, enqueue, log) => {
    const payload: RandomPayload = result.ok ? result.value : { seed: ctx.failures += 1, depth: MAX_DEPTH - 1 };
    const random = new Random(mix(payload.seed, 7));
    const route = (index: number) => {
      visit();
      const next: RandomPayload = { seed: mix(payload.seed, index + 1), depth: payload.depth + 1 };
      const step = random.percent(1) ? "nowhere" : random.pick(STEPS);
      const where: Where = random.percent(40) ? "head" : "tail";
      enqueue[where](step, next);
    };
    const routes = payload.depth >= MAX_DEPTH ? 0 : random.below(4);
    if (random.percent(1)) throw new Error(`no way ${payload.seed}`);
    if (random.percent(30)) log.event("decided", routes);
    visit();
    if (random.percent(70)) {
      for (let index = 0; index < routes; index += 1) route(index);
      return;
    }
    return (async () => {
      for (let index = 0; index < routes; index += 1) {
        route(index);
        await (random.percent(5) ? laterTurn() : undefined);
      }
    })();
  };
}
