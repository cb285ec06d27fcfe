import type { Any, Where, WorkflowEvent } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";

type RunEvent = WorkflowEvent<Any, Any>;

interface Queued {
  readonly token: number;
  readonly step: string;
  readonly parent: number | null;
}

/** Asserts what holds for the events of every run that was read to its end, whatever the workflow. */
export function assertEventSequence(events: readonly RunEvent[]): void {
  assertEquals(events.map(({ seq }) => seq), events.map((_event, index) => index + 1), "seq is dense from 1");
  const [first] = events;
  const last = events.at(-1);
  assertEquals([first?.type, last?.type], ["run.start", "run.end"]);
  assertEquals(events.filter(({ type }) => type === "run.start" || type === "run.end").length, 2, "one start, one end");
  assertEquals(new Set(events.map(({ runId }) => runId)).size, 1, "one run");
  assertEquals(events.every(({ at }, index) => at >= (events[index - 1]?.at ?? 0)), true, "time goes on");

  const { queue, steps } = replay(events);
  assertEquals(last?.type === "run.end" && last.steps, steps, "run.end counts the results");
  if (last?.type === "run.end" && last.status === "completed") assertEquals(queue, [], "nothing is left");
}

/** Follows the events with a queue of its own. */
function replay(events: readonly RunEvent[]): { queue: Queued[]; steps: number } {
  const queue: Queued[] = [];
  const seen = new Set<number>();
  let atWork: Queued | null = null;
  let steps = 0;
  for (const event of events) {
    switch (event.type) {
      case "run.start":
        queue.push({ token: 1, step: event.start, parent: null });
        seen.add(1);
        break;
      case "step.start": {
        const { token, step, parent } = event;
        assertEquals(atWork, null, `event ${event.seq}: one step at a time`);
        atWork = { token, step, parent };
        assertEquals(atWork, queue.shift(), `event ${event.seq}: the head of the queue is next`);
        break;
      }
      case "step.log":
      case "step.chunk":
        assertEquals(
          [event.token, event.step],
          [atWork?.token, atWork?.step],
          `event ${event.seq}: of the step at work`,
        );
        break;
      case "step.result": {
        assertEquals(
          [event.token, event.step],
          [atWork?.token, atWork?.step],
          `event ${event.seq}: of the step at work`,
        );
        for (const { token, step, where } of event.routed) {
          assertEquals(seen.has(token), false, `event ${event.seq}: token ${token} is new`);
          seen.add(token);
          put(queue, where, { token, step, parent: event.token });
        }
        assertEquals(event.queueLength, queue.length, `event ${event.seq}: queueLength`);
        atWork = null;
        steps += 1;
        break;
      }
      case "run.end":
        break;
    }
  }
  return { queue, steps };
}

function put(queue: Queued[], where: Where, token: Queued): void {
  if (where === "head") queue.unshift(token);
  else queue.push(token);
}
