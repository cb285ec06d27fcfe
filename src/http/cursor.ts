import { Problem } from "./problem.ts";
import { single } from "./run_list.ts";

/**
 * The `seq` of the last event that the client has, 0 for none: `Last-Event-ID`, which an `EventSource` sends when it
 * comes back, before `?after=`, which still says what it was opened with.
 *
 * @throws {Problem} If it is no such number.
 */
export function parseCursor(headers: Headers, parameters: URLSearchParams): number {
  const text = headers.get("last-event-id") ?? single(parameters, "after");
  if (text === null) return 0;
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new Problem(400, "Last-Event-ID and after must be the seq of an event");
  }
  return Number(text);
}
