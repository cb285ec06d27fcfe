import type { WorkflowEvent } from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import { FollowError } from "./follow_error.ts";
import type { SseMessage } from "./sse_parser.ts";

/**
 * The event that a message holds. What the reader's place in the run hangs on is checked; the rest is the server's
 * word.
 *
 * @throws {FollowError} If it holds none.
 */
export function parseEvent(message: SseMessage): WorkflowEvent<Any, Any> {
  const event = parseJson(message.data);
  return isEvent(event) && message.id === String(event.seq) ? event : refuse(message);
}

/**
 * The first `seq` there still is, as a `reset` message tells it.
 *
 * @throws {FollowError} If it does not.
 */
export function parseReset(message: SseMessage): number {
  const first = fieldOf(parseJson(message.data), "first");
  return isSeq(first) ? first : refuse(message);
}

/** A field of JSON, whatever that is; `undefined` where there is none. */
export function fieldOf(json: unknown, key: string): unknown {
  return Reflect.get(Object(json), key);
}

/** The value of a JSON text, `undefined` if it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever asks shows the text, which tells more than the parser does.
  }
}

/**
 * The guard stops at what a reader's place hangs on: a newer server may send types of events that are not known here.
 */
function isEvent(json: unknown): json is WorkflowEvent<Any, Any> {
  return isSeq(fieldOf(json, "seq")) && typeof fieldOf(json, "type") === "string";
}

function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function refuse({ id, data }: SseMessage): never {
  throw new FollowError(`a message is no event of its id: ${JSON.stringify(`${id} ${data}`.slice(0, 99))}`, 200);
}
