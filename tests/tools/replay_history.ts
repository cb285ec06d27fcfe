import type { ControlWorld } from "./control_world.ts";
import { isPayloadOf, type Item, QueueModel } from "./queue_model.ts";

/** A run, or a run inside one, as what user code did shows it. */
interface Seen {
  readonly queue: QueueModel;
  atWork: Item | null;
}

/**
 * Follows what user code did in a run that does one thing at a time with a queue that is a plain array, and tells the
 * world whatever starts out of turn. It needs no events.
 */
export function replayHistory(world: ControlWorld, start: string, payload: unknown): void {
  const runs = new Map<object, Seen>();
  const around: unknown[] = [];
  for (const call of world.history) {
    if ("result" in call) {
      const seen = runs.get(call.context);
      if (seen?.atWork) seen.queue.finish(seen.atWork, call.result, call.calls);
      else world.find("order", "a decision has no action before it");
      continue;
    }
    const { step, context, token } = call;
    let seen = runs.get(context);
    if (seen === undefined) {
      const isFirst = runs.size === 0 ? step === start && call.payload === payload : around.includes(call.payload);
      if (!isFirst) world.find("order", `${step}, token ${token} is not the first of a run`);
      seen = { queue: new QueueModel(step, call.payload), atWork: null };
      runs.set(context, seen);
    }
    if (call.isAround) around.push(call.payload);
    const next = seen.queue.waiting.shift();
    if (next?.step !== step || !isPayloadOf(next, call.payload)) {
      world.find("order", `${step}, token ${token} starts, ${next?.step} is next`);
    }
    seen.atWork = next ?? null;
  }
}
