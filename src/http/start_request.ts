import { Problem } from "./problem.ts";
import { KEY_PREFIX, runIdOfKey } from "./run_id_of_key.ts";

/** What a client asks for who starts a run. */
export interface StartRequest {
  /** `null` if the client leaves it to the host, which has one. */
  readonly workflow: string | null;
  readonly start: string;
  readonly payload: unknown;
  /** The id it has chosen for the run, `null` if it has not. */
  readonly runId: string | null;
}

const FIELDS = ["workflow", "start", "payload", "runId"];

/** @throws {Problem} If the body of the request is not like that. */
export function parseStartRequest(body: unknown): StartRequest {
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw refused("it must be an object");
  // Own ones only, and no others: a field that is misspelt would start a run without its payload.
  const fields = new Map<string, unknown>(Object.entries(body));
  for (const name of fields.keys()) {
    if (!FIELDS.includes(name)) throw refused(`its fields must be of ${FIELDS.join(", ")}`);
  }
  const start = fields.get("start");
  const workflow = fields.get("workflow") ?? null;
  const runId = fields.get("runId") ?? null;
  if (typeof start !== "string") throw refused("start must be the name of a step");
  if (workflow !== null && typeof workflow !== "string") throw refused("workflow must be the name of a workflow");
  if (runId !== null && typeof runId !== "string") throw refused("runId must be a text");
  return { workflow, start, payload: fields.get("payload"), runId };
}

const MAX_LENGTH = 128;

/**
 * The id that the client has chosen, by its `runId` or its `Idempotency-Key`; `null` if it has not.
 *
 * @throws {Problem} If it may not choose such an id.
 */
export async function chosenRunId(
  request: Request,
  runId: string | null,
  keyScope: (request: Request) => string | Promise<string>,
): Promise<string | null> {
  const key = request.headers.get("idempotency-key");
  if (key === null) {
    if (runId === null) return null;
    // What a path can hold as it is, and no path that means another.
    const isFit = /^[A-Za-z0-9][A-Za-z0-9._:~-]*$/.test(runId) && runId.length <= MAX_LENGTH;
    if (isFit && !runId.startsWith(KEY_PREFIX)) return runId;
    throw refused(
      `runId must have 1 to ${MAX_LENGTH} letters, digits and characters of "._:~-", begin with one of the first two,` +
        ` and not with "${KEY_PREFIX}"`,
    );
  }
  if (runId !== null) throw new Problem(400, "A run has a runId or an Idempotency-Key, not both");
  if (!/^[\x20-\x7e]+$/.test(key) || key.length > MAX_LENGTH) {
    throw new Problem(400, `Idempotency-Key must have 1 to ${MAX_LENGTH} printable ASCII characters`);
  }
  return await runIdOfKey(key, await keyScope(request));
}

function refused(because: string): Problem {
  return new Problem(422, `The body starts no run: ${because}`);
}
