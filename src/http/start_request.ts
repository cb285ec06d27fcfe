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

/** How the id of a run is found. */
export interface RunIdOptions {
  /** Whether ids are guarded by more than that nobody can guess them. */
  readonly isGuarded: boolean;
  /** Whose the key is. */
  readonly keyScope: (request: Request) => string | Promise<string>;
}

/** As many characters as random ids have at least: 126 bits in those of Nano ID. */
const MIN_UNGUESSABLE_LENGTH = 21;
const MAX_LENGTH = 128;

/**
 * The id that the client has chosen, by its `runId` or its `Idempotency-Key`; `null` if it has not.
 *
 * @throws {Problem} If it may not choose such an id.
 */
export async function chosenRunId(
  request: Request,
  runId: string | null,
  { isGuarded, keyScope }: RunIdOptions,
): Promise<string | null> {
  const least = isGuarded ? 1 : MIN_UNGUESSABLE_LENGTH;
  const key = request.headers.get("idempotency-key");
  if (key === null) {
    if (runId === null) return null;
    if (/^[A-Za-z0-9_-]+$/.test(runId) && isBetween(runId, least) && !runId.startsWith(KEY_PREFIX)) return runId;
    throw refused(
      `runId must have ${least} to ${MAX_LENGTH} letters, digits, "-" and "_", and not begin with "${KEY_PREFIX}"`,
    );
  }
  if (runId !== null) throw new Problem(400, "A run has a runId or an Idempotency-Key, not both");
  if (!/^[\x20-\x7e]+$/.test(key) || !isBetween(key, least)) {
    throw new Problem(400, `Idempotency-Key must have ${least} to ${MAX_LENGTH} printable ASCII characters`);
  }
  return await runIdOfKey(key, await keyScope(request));
}

function isBetween({ length }: string, least: number): boolean {
  return length >= least && length <= MAX_LENGTH;
}

function refused(because: string): Problem {
  return new Problem(422, `The body starts no run: ${because}`);
}
