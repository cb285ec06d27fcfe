import type { WorkflowEvent } from "../../core/events.ts";
import type { Any } from "../../core/inference.ts";

const DATA = "data: ";

/** Reads the events of a stream that an object has written, cut into chunks anywhere. */
export class EventLines {
  readonly #decoder = new TextDecoder();
  #line = "";

  /** The events that a chunk completes. */
  read(chunk: Uint8Array): WorkflowEvent<Any, Any>[] {
    const events: WorkflowEvent<Any, Any>[] = [];
    const lines = this.#decoder.decode(chunk, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const rest of lines) {
      const line = this.#line + rest;
      this.#line = "";
      // What else there is are ids, which are in the events, and signs of life.
      if (line.startsWith(DATA)) events.push(JSON.parse(line.slice(DATA.length)));
    }
    this.#line += last;
    return events;
  }
}
