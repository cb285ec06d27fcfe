import type { Any, WorkflowEvent } from "@stepstream/workflow";
import { encodeEvent } from "@stepstream/workflow/sse";
import { LocalServer } from "../tools/local_server.ts";

/** What a server says first, as the streams of this package do. */
export const HELLO = "retry: 2000\n: heartbeat 15000\n\n";

/** A request that the server got. */
export interface SeenRequest {
  /** What it asked for: the path and the query. */
  readonly target: string;
  /** The `after` in the query, 0 if there is none. */
  readonly after: number;
  readonly headers: Headers;
  /** Aborted when the client goes away; whoever looks at it makes Deno abort it after finished answers, too. */
  readonly signal: AbortSignal;
}

/** Gives the answer to the request of that number, from 0 on. */
export type Answer = (request: SeenRequest, index: number) => Response | Promise<Response>;

/** A server on this machine that gives each request the answer of a test. */
export class EventServer implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  readonly url: string;
  readonly #server: LocalServer;

  constructor(answer: Answer) {
    this.#server = new LocalServer((request) => {
      const url = new URL(request.url);
      const after = Number(url.searchParams.get("after") ?? 0);
      const seen = {
        target: url.pathname + url.search,
        after,
        headers: request.headers,
        get signal() {
          return request.signal;
        },
      };
      return answer(seen, this.requests.push(seen) - 1);
    });
    this.url = `${this.#server.origin}/runs/run-1/events`;
  }

  /** Where each request wanted to go on. */
  get afters(): number[] {
    return this.requests.map(({ after }) => after);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

/** The messages of those events that come after `after`. */
export function messagesOf(events: readonly WorkflowEvent<Any, Any>[], after = 0): string {
  return events.filter(({ seq }) => seq > after).map((event) => encodeEvent(event)).join("");
}

/** An answer that is an event stream of this text, and ends. */
export function streamResponse(text: string | Uint8Array<ArrayBuffer>): Response {
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

/** An answer that begins with this text and stays open. */
export function openResponse(text: string): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (text !== "") controller.enqueue(new TextEncoder().encode(text));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** An answer that refuses, with the problem if there is one. */
export function refusal(status: number, headers: Record<string, string> = {}, body: string | null = null): Response {
  return new Response(body, { status, headers });
}
