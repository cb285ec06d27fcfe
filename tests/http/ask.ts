/** A handler of web-standard requests. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** What a request is made of besides its method and path. */
export interface Asking {
  /** Sent as JSON; a text, bytes or a stream are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What came back, whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON, `undefined` where it is none. */
  readonly json: unknown;
}

export const ORIGIN = "http://runs.test";

/** A request as a program sends it; with a body it is of JSON, unless it says otherwise. */
export function requestOf(method: string, path: string, { body, headers, signal }: Asking = {}): Request {
  const init: RequestInit = { method, headers: { ...headers } };
  if (signal !== undefined) init.signal = signal;
  if (body !== undefined) {
    init.headers = { "content-type": "application/json", ...headers };
    init.body = isRaw(body) ? body : JSON.stringify(body);
  }
  return new Request(new URL(path, ORIGIN), init);
}

/** Sends a request and reads its answer to the end. */
export async function ask(handler: Handler, method: string, path: string, asking?: Asking): Promise<Answer> {
  return await readAnswer(await handler(requestOf(method, path, asking)));
}

/** Reads an answer to the end. */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: toJson(text) };
}

/** Of a problem what a client goes by: its status, and that it is one. */
export function problemOf(
  { status, headers, json }: Answer,
): readonly [status: number, type: string | null, told: unknown] {
  return [status, headers.get("content-type"), Reflect.get(Object(json), "status")];
}

/** What {@linkcode problemOf} answers for a proper problem. */
export function problem(status: number): readonly [number, string, number] {
  return [status, "application/problem+json", status];
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  return typeof body === "string" || body instanceof Uint8Array || body instanceof ReadableStream;
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It is no JSON.
  }
}
