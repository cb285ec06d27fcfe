/**
 * Events as server-sent events (SSE): a web-standard `Response` for any server, Hono's handlers included.
 *
 * @example Usage
 * ```ts
 * import { Workflow } from "@stepstream/workflow";
 * import { eventStreamResponse } from "@stepstream/workflow/sse";
 *
 * const workflow = new Workflow().add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 *
 * const response = eventStreamResponse(workflow.stream("greet", "Ada"));
 * console.log(await response.text());
 * ```
 *
 * @module
 */

export { encodeEvent, type EncodeEventOptions } from "./encode_event.ts";
export type { PublicError } from "./event_encoder.ts";
export { type EventStreamOptions, eventStreamResponse, type OnDisconnect } from "./event_stream_response.ts";
