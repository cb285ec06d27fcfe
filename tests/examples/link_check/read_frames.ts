import type { LinkCheckEvent } from "../../../examples/link_check/workflow.ts";

/** A message of an event stream. */
export interface Frame {
  readonly id: string;
  readonly event: LinkCheckEvent;
}

/** The messages of an event stream, as they arrive. Whoever leaves the loop disconnects. */
export async function* readFrames(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Frame> {
  if (body === null) throw new TypeError("Cannot read an event stream: there is no body");
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + chunk).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
      if (id !== undefined && data !== undefined) yield { id, event: JSON.parse(data) };
    }
  }
}
