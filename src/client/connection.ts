import { type Clock, LONGEST_TIMER_MS } from "../core/clock.ts";
import { FollowError } from "./follow_error.ts";
import { fieldOf, parseJson } from "./parse_event.ts";
import { type SseMessage, SseParser } from "./sse_parser.ts";

/** The part of `fetch` that a reader needs. */
export type FollowFetch = (
  url: string,
  init: { readonly headers: Headers; readonly signal: AbortSignal },
) => Response | Promise<Response>;

/** Headers in any form that the platform's `fetch` takes. */
// Not by the name that the web platform has for it, which the types of Node do not know.
export type FollowHeaders = NonNullable<RequestInit["headers"]>;

/** How a {@linkcode Connection} asks. */
export interface ConnectionOptions {
  readonly fetch?: FollowFetch | undefined;
  readonly headers?: FollowHeaders | (() => FollowHeaders | Promise<FollowHeaders>) | undefined;
  readonly clock: Clock;
}

/** How many heartbeats may be missing, and half of one more for the network … */
const SILENT_HEARTBEATS = 2.5;
/** … which no connection keeps to when heartbeats are a matter of milliseconds. */
const MIN_SILENCE_MS = 1_000;
/** No more of an error's body is read. */
const MAX_PROBLEM_LENGTH = 64 * 1024;

/** One request for a run's events and its answer, read only when asked. */
export class Connection {
  /** The answer's `Retry-After` header. */
  retryAfter = "";
  /** How long to wait before the next connection, as the stream says; `undefined` if it does not. */
  retryMs: number | undefined;
  /** Whether there was a heartbeat. */
  isAlive = false;
  readonly #options: ConnectionOptions;
  readonly #controller = new AbortController();
  readonly #parser = new SseParser((name, value) => this.#hear(name, value));
  #silenceMs = 15_000 * SILENT_HEARTBEATS;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  /** Rejects the present wait, whatever it is for. */
  #cut: (reason: unknown) => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /**
   * Sends the request; `false` if the server says that nothing more will come.
   *
   * @throws {FollowError} If the answer is no event stream.
   */
  async open(url: string): Promise<boolean> {
    const { status, ok, headers } = await this.#wait(this.#request(url));
    if (status === 204) return false;
    const type = headers.get("content-type") ?? "";
    if (!ok) {
      this.retryAfter = headers.get("retry-after") ?? "";
      const problem = /^application\/problem\+json\b/i.test(type) ? parseJson(await this.#readProblem()) : null;
      throw new FollowError(`the server answered ${status}`, status, {
        title: textOf(problem, "title"),
        detail: textOf(problem, "detail"),
      });
    }
    if (!/^text\/event-stream\b/i.test(type)) {
      throw new FollowError(`the answer is no event stream but "${type}"`, status);
    }
    return true;
  }

  /** The messages of the next chunk, `undefined` at the end of the stream. */
  async read(): Promise<Iterator<SseMessage, void> | undefined> {
    const chunk = await this.#readChunk();
    return chunk && this.#parser.parse(chunk);
  }

  /** Ends it at once: the request, the body and whatever is waited for. */
  close(reason?: unknown): void {
    this.#controller.abort(reason);
    this.#cut(reason);
    // The abort has failed the body already, unless the `fetch` is not of the platform; then it may fail at this.
    this.#reader?.cancel().catch(() => {});
  }

  async #request(url: string): Promise<Response> {
    const { fetch = globalThis.fetch, headers } = this.#options;
    const { signal } = this.#controller;
    const init = { headers: new Headers(typeof headers === "function" ? await headers() : headers), signal };
    init.headers.set("accept", "text/event-stream");
    signal.throwIfAborted();
    const response = await fetch(url, init);
    this.#reader = response.body?.getReader();
    // Closed meanwhile, and this `fetch` did not hear of it.
    if (signal.aborted) this.close();
    return response;
  }

  /** What the server tells of its refusal, as far as it can be read. */
  async #readProblem(): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    try {
      for (let chunk; text.length < MAX_PROBLEM_LENGTH && (chunk = await this.#readChunk());) {
        text += decoder.decode(chunk, { stream: true });
      }
    } catch {
      // The status is what counts, and it is known.
    }
    return text;
  }

  async #readChunk(): Promise<Uint8Array | undefined> {
    return this.#reader && (await this.#wait(this.#reader.read())).value;
  }

  #hear(name: string, value: string): void {
    if (name === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    if (name !== "") return;
    const announced = /^heartbeat (\d+)$/.exec(value);
    if (announced !== null) this.#silenceMs = Math.max(SILENT_HEARTBEATS * Number(announced[1]), MIN_SILENCE_MS);
    else if (value === "") this.isAlive = true;
  }

  /** Waits for it, but not once the connection is closed, nor when the server is silent for too long. */
  async #wait<Value>(work: Promise<Value>): Promise<Value> {
    const { clock } = this.#options;
    const silenceMs = Math.min(this.#silenceMs, LONGEST_TIMER_MS);
    const timer = clock.setTimeout(() => this.close(new Error(`Nothing came for ${silenceMs} ms`)), silenceMs);
    try {
      return await new Promise((resolve, reject) => {
        this.#cut = reject;
        work.then(resolve, reject);
        // Also a wait that begins too late ends at once.
        if (this.#controller.signal.aborted) reject(this.#controller.signal.reason);
      });
    } finally {
      clock.clearTimeout(timer);
    }
  }
}

/** A text in what a server has sent, `""` for whatever else is there. */
function textOf(json: unknown, key: string): string {
  const value = fieldOf(json, key);
  return typeof value === "string" ? value : "";
}
