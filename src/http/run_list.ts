import type { RunHead, RunQuery } from "../core/run_store.ts";
import { isStoredStatus, STORED_STATUSES } from "../core/stored_status.ts";
import { Problem } from "./problem.ts";

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

/** What a client is told of a run: nothing of who works on it, and nothing of its state. */
export type PublicHead = Pick<
  RunHead,
  "runId" | "workflow" | "version" | "status" | "lastSeq" | "createdAt" | "updatedAt"
>;

/** What a client may know of a run. */
export function toPublicHead(head: RunHead): PublicHead {
  const { runId, workflow, version, status, lastSeq, createdAt, updatedAt } = head;
  return { runId, workflow, version, status, lastSeq, createdAt, updatedAt };
}

/**
 * Which runs the client wants to see.
 *
 * @throws {Problem} If a parameter is not of its kind.
 */
export function parseRunQuery(parameters: URLSearchParams): RunQuery {
  const status = single(parameters, "status");
  const limit = single(parameters, "limit") ?? String(DEFAULT_LIMIT);
  const after = single(parameters, "after");
  if (status !== null && !isStoredStatus(status)) {
    throw new Problem(400, `status must be one of ${STORED_STATUSES.join(", ")}`);
  }
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    throw new Problem(400, `limit must be a number from 1 to ${MAX_LIMIT}`);
  }
  return {
    status: status ?? undefined,
    workflow: single(parameters, "workflow") ?? undefined,
    limit: Number(limit),
    after: after === null ? undefined : parsePlace(after),
  };
}

/** The one value of a parameter, `null` if it is not there. */
export function single(parameters: URLSearchParams, name: string): string | null {
  const [value, ...more] = parameters.getAll(name);
  if (more.length > 0) throw new Problem(400, `${name} may be given once`);
  return value ?? null;
}

/** A part of the list, and where the next one begins. */
export function toRunList(heads: readonly RunHead[], limit: number): {
  readonly runs: readonly PublicHead[];
  readonly next: string | null;
} {
  const shown = heads.slice(0, limit);
  const last = shown.at(-1);
  const isMore = heads.length > limit && last !== undefined;
  return { runs: shown.map(toPublicHead), next: isMore ? `${last.createdAt}-${last.runId}` : null };
}

function parsePlace(text: string): NonNullable<RunQuery["after"]> {
  const [, createdAt, runId] = /^(\d{1,15})-(.+)$/s.exec(text) ?? [];
  if (createdAt === undefined || runId === undefined) throw new Problem(400, "after must be the next of another list");
  return { createdAt: Number(createdAt), runId };
}
