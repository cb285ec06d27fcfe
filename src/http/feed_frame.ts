import type { EventsGoneError } from "../core/errors.ts";

/** The media types that events come in. */
export type FeedFormat = "text/event-stream" | "application/x-ndjson";

/** How events are framed in a format. */
export interface FeedFrame {
  /** A chunk of an event stream, which holds whole messages, in this format. */
  readonly fromEventStream: (chunk: Uint8Array) => Uint8Array;
  /** Tells that there are no events between the client's last one and `first`. */
  readonly encodeReset: (gap: Pick<EventsGoneError, "after" | "first">) => Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Every format there is. */
export const FRAMES: Readonly<Record<FeedFormat, FeedFrame>> = {
  "text/event-stream": {
    fromEventStream: (chunk) => chunk,
    // The id is where an `EventSource` goes on from by itself; without one it would come back to the same gap for ever.
    encodeReset: ({ after, first }) =>
      encoder.encode(`event: reset\nid: ${first - 1}\ndata: ${JSON.stringify({ after, first })}\n\n`),
  },
  "application/x-ndjson": {
    fromEventStream: (chunk) => encoder.encode(toLines(decoder.decode(chunk))),
    encodeReset: ({ after, first }) => encoder.encode(`${JSON.stringify({ type: "reset", after, first })}\n`),
  },
};

/** The data of every message in a line of its own. A comment, which tells that the stream lives, is an empty line. */
function toLines(text: string): string {
  let lines = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("data: ")) lines += `${line.slice("data: ".length)}\n`;
    else if (line.startsWith(":")) lines += "\n";
  }
  return lines;
}
