import { isDeeperThan } from "./json_depth.ts";
import { Problem } from "./problem.ts";

/** How much of a body is read. */
export interface JsonLimits {
  readonly maxBodyBytes: number;
  /** How deep a value in the body may be nested. */
  readonly maxPayloadDepth: number;
}

/**
 * The JSON in a request's body. Of a body that is too large no more is read than its limit.
 *
 * @throws {Problem} If it is too large, too deep, no UTF-8 or no JSON.
 */
export async function readJson(request: Request, limits: JsonLimits): Promise<unknown> {
  // A form of another site can send text, but not this type without asking first.
  if (!JSON_TYPE.test(request.headers.get("content-type") ?? "") || request.headers.has("content-encoding")) {
    throw new Problem(415, "The body must be application/json in UTF-8, not compressed");
  }
  const text = await readText(request, limits.maxBodyBytes);
  // The payload is in an object of its own.
  if (isDeeperThan(text, limits.maxPayloadDepth + 1)) {
    throw new Problem(422, `The payload is nested too deeply: maxPayloadDepth = ${limits.maxPayloadDepth}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the body.
    throw new Problem(400, "The body is no JSON");
  }
}

const JSON_TYPE = /^application\/json[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

async function readText(request: Request, maxBytes: number): Promise<string> {
  // A length is believed only where it refuses: one that is too small, or none, is found out below.
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { body } = request;
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let bytes = 0;
  let text = "";
  try {
    while (true) {
      const { value, done } = await read(reader);
      if (done) return text + decode(() => decoder.decode());
      bytes += value.byteLength;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      text += decode(() => decoder.decode(value, { stream: true }));
    }
  } catch (error) {
    // Not awaited: where a request was made of another one, as Hono's `mount` does, Bun settles it with the body's end,
    // which a client that waits for its answer never sends. Of a body that has failed there is nothing to leave.
    reader.cancel().catch(() => {});
    throw error;
  }
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>;

async function read(reader: BodyReader): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    // It was cut: most likely nobody is left to read the answer.
    throw new Problem(400, "The body could not be read to its end");
  }
}

function decode(next: () => string): string {
  try {
    return next();
  } catch {
    // The decoder has nothing more to tell.
    throw new Problem(400, "The body is no UTF-8");
  }
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(413, `The body is too large: maxBodyBytes = ${maxBytes}`);
}
