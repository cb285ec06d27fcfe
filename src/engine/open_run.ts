import {
  EventsGoneError,
  RunConflictError,
  StoreError,
  UnknownRunError,
  UnknownStepError,
  VersionMismatchError,
} from "../core/errors.ts";
import type { RunEndEvent } from "../core/events.ts";
import type { RunHead, RunStore, StoredRun } from "../core/run_store.ts";
import type { Journal, StoredPlace } from "./journal.ts";
import { migrated } from "./migrate.ts";
import type { RunPlan, Storage } from "./run_settings.ts";
import { asked, parseEvent, readable } from "./store_access.ts";
import type { StoredDelta } from "./stored_delta.ts";
import type { EncodedEvent } from "./stored_event.ts";
import { RestoredState } from "./stored_state.ts";

/** What opening a run in its store has come to: it is new, it goes on, or it had ended. */
export type OpenedRun =
  | { readonly restored: null; readonly place: StoredPlace; readonly events: readonly EncodedEvent[] }
  | {
    readonly restored: RestoredState;
    readonly createdAt: number;
    readonly place: StoredPlace;
    readonly end: RunEndEvent | null;
  };

/** What a run is opened with. */
export interface OpenRunOptions {
  readonly runId: string;
  readonly plan: RunPlan;
  readonly storage: Storage;
  readonly now: number;
}

/**
 * Stores a new run, or takes over the one there is.
 *
 * @throws {RunConflictError | UnknownRunError | VersionMismatchError | UnknownStepError | StoreError}
 */
export async function openRun(options: OpenRunOptions, journal: Journal): Promise<OpenedRun> {
  const { runId, plan: { workflow, version }, storage: { store, leaseMs, opening }, now } = options;
  if (opening === "resume") return await takeOver(options);
  const { snapshot, events } = journal.takeFirst();
  const run = { runId, workflow, version, snapshot, events, wakeAt: now + leaseMs, now };
  if (await asked(() => store.create(run), runId, "store the start")) {
    const lengths = { snapshotLength: snapshot.length, recordsLength: 0 };
    const place = { version, revision: 1, createdAt: now, lastSeq: events.length, ...lengths, isSnapshotDue: false };
    return { restored: null, place, events };
  }
  if (opening === "create") throw new RunConflictError(runId, "there is one of this id");
  return await takeOver(options);
}

/** Goes on with a run that is in the store. */
async function takeOver(options: OpenRunOptions): Promise<OpenedRun> {
  const { runId, plan, storage, now } = options;
  const { store, leaseMs, opening, claimed } = storage;
  const found = await load(options);
  if (opening === "either") await assertSameStart(found, plan, store);
  if ((storage.after ?? 0) > found.lastSeq) throw new EventsGoneError(runId, storage.after ?? 0, found.lastSeq + 1);
  if (found.wakeAt === null) {
    assertVersion(found, plan, storage);
    const { createdAt } = found;
    return { restored: restore(found), createdAt, place: toPlace(found, found), end: await readEnd(found, store) };
  }
  // What cannot be gone on with here is not taken from whoever has it.
  const restored = prepare(found, options);
  if (claimed !== null) return toOpened(found, claimed, restored, options);
  const claim = { runId, isForced: true, limit: 1, until: now + leaseMs, now };
  const [mine] = await asked(() => store.claim(claim), runId, "claim the lease");
  // It has ended meanwhile, or it is gone.
  if (mine === undefined) return await takeOver(options);
  const isSame = mine.revision === found.revision + 1 && mine.createdAt === found.createdAt;
  if (isSame) return toOpened(found, mine, restored, options);
  // Whoever had it has written once more, or it was made anew.
  const late = await load(options);
  try {
    return toOpened(late, mine, prepare(late, options), options);
  } catch (error) {
    await letGo(mine, options);
    throw error;
  }
}

async function load({ runId, storage: { store } }: OpenRunOptions): Promise<StoredRun> {
  const stored = await asked(() => store.load(runId), runId, "read the state");
  if (stored === null) throw new UnknownRunError(runId);
  return stored;
}

/** The state of a run that this workflow can go on with. */
function prepare(stored: StoredRun, { plan, storage }: OpenRunOptions): RestoredState {
  assertVersion(stored, plan, storage);
  const restored = restore(stored);
  const { migrate } = storage;
  const fit = stored.version === plan.version || migrate === null ? restored : migrated(restored, stored, migrate);
  assertSteps(fit, plan);
  return fit;
}

/** Of several who claim a run the last one has it; the others find that out when they first write. */
function toOpened(stored: StoredRun, mine: RunHead, restored: RestoredState, { plan }: OpenRunOptions): OpenedRun {
  const { version } = plan;
  // The records tell of the state before it was migrated.
  const isSnapshotDue = stored.version !== version;
  const place = { ...toPlace(stored, mine), version, isSnapshotDue };
  return { restored, createdAt: stored.createdAt, place, end: null };
}

/** Whoever can may have the run at once. */
async function letGo(
  { runId, revision, createdAt, version }: RunHead,
  { storage: { store }, now }: OpenRunOptions,
): Promise<void> {
  const unchanged = { record: null, snapshot: null, events: [] };
  const commit = { runId, revision, createdAt, version, status: "suspended", ...unchanged, wakeAt: now, now } as const;
  await asked(() => store.commit(commit), runId, "give back the lease");
}

function toPlace(
  { version, lastSeq, snapshot, records }: StoredRun,
  { revision, createdAt }: Pick<RunHead, "revision" | "createdAt">,
): StoredPlace {
  const recordsLength = records.reduce((length, { text }) => length + text.length, 0);
  return {
    version,
    revision,
    createdAt,
    lastSeq,
    snapshotLength: snapshot.length,
    recordsLength,
    isSnapshotDue: false,
  };
}

/**
 * A run that is started again has to be the same.
 *
 * @throws {RunConflictError} If it is not.
 */
export async function assertSameStart(
  { runId, workflow }: RunHead,
  plan: Pick<RunPlan, "workflow" | "start" | "payload">,
  store: RunStore,
): Promise<void> {
  if (workflow !== plan.workflow) {
    throw new RunConflictError(runId, `there is one of workflow ${JSON.stringify(workflow)}`);
  }
  const [first] = await asked(() => store.events(runId, 0, 1), runId, "read event 1");
  const event = first?.seq === 1 ? parseEvent(first, runId) : null;
  // Without its first event nobody can tell any more.
  if (event?.type !== "run.start") return;
  if (event.start !== plan.start) {
    throw new RunConflictError(runId, `there is one that started at step ${JSON.stringify(event.start)}`);
  }
  if (!isSameJson(event.payload, plan.payload)) {
    throw new RunConflictError(runId, "there is one that started with another payload");
  }
}

/** Whether two values of JSON are equal; the order of properties is no difference. */
function isSameJson(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  const keys = Object.keys(one);
  return Array.isArray(one) === Array.isArray(other) && keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSameJson(Reflect.get(one, key), Reflect.get(other, key)));
}

function assertVersion({ runId, workflow, version, wakeAt }: RunHead, plan: RunPlan, { migrate }: Storage): void {
  const isOther = workflow !== plan.workflow;
  // A run that has ended is only read.
  if (!isOther && (version === plan.version || migrate !== null || wakeAt === null)) return;
  throw new VersionMismatchError(runId, nameOf(workflow, version), nameOf(plan.workflow, plan.version));
}

function nameOf(workflow: string, version: string): string {
  return `version ${JSON.stringify(version)} of workflow ${JSON.stringify(workflow)}`;
}

/** A run is left as it is where a step is missing: the next version may have it. */
function assertSteps(restored: RestoredState, { steps }: RunPlan): void {
  for (const step of restored.steps()) if (!steps.has(step)) throw new UnknownStepError(step, steps.keys());
}

/** The state that a store has of a run. */
export function restore({ runId, snapshot, records }: StoredRun): RestoredState {
  const restored = readable(runId, "snapshot", () => new RestoredState(JSON.parse(snapshot)));
  for (const { revision, text } of records) {
    readable(runId, `record ${revision}`, () => {
      const deltas: readonly StoredDelta[] = JSON.parse(text);
      restored.fold(deltas);
    });
  }
  return restored;
}

/** The `run.end` of a run that has ended. */
async function readEnd({ runId, lastSeq }: RunHead, store: RunStore): Promise<RunEndEvent> {
  const [last] = await asked(() => store.events(runId, lastSeq - 1, 1), runId, `read event ${lastSeq}`);
  const event = last === undefined ? null : parseEvent(last, runId);
  if (event?.type === "run.end") return event;
  throw new StoreError(runId, `read event ${lastSeq}`, "the run has ended and this is not its run.end");
}
