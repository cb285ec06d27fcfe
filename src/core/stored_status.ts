import type { StoredRunStatus } from "./run_store.ts";

const STATUSES: Readonly<Record<StoredRunStatus, true>> = {
  running: true,
  suspended: true,
  completed: true,
  failed: true,
  cancelled: true,
};

/** All that a run can stand at. */
export const STORED_STATUSES: readonly string[] = Object.keys(STATUSES);

/** True for what a run can stand at; whatever else is in a store was written by somebody else. */
export function isStoredStatus(value: unknown): value is StoredRunStatus {
  return typeof value === "string" && Object.hasOwn(STATUSES, value);
}
