import { type RunCommit, type RunStore, type StoredEvent, Workflow } from "@stepstream/workflow";

/** How many steps a run of the bench has. */
export const STEPS = 2_000;

/** What a step hands to the next one. */
interface Order {
  readonly left: number;
  readonly customer: string;
  readonly items: readonly string[];
}

const order: Order = { left: STEPS - 1, customer: "Ada Lovelace", items: ["tea", "milk", "sugar"] };

const workflow = new Workflow<{ pack: Order }>({ name: "orders" }).add({
  name: "pack",
  action: (_ctx, { left, ...rest }) => ({ ...rest, left: left - 1 }),
  decision: (_ctx, { value }, enqueue) => {
    if (value !== null && value.left >= 0) enqueue.tail("pack", value);
  },
});

/** Runs a chain of steps, each with a commit of its own, in the store. */
export async function runStored(store: RunStore): Promise<void> {
  await workflow.run("pack", order, { store, maxSteps: STEPS, captureTrace: false });
}

/** What a run has written, as values: whoever writes it again has to make texts of them, too. */
export interface RecordedRun {
  readonly created: RecordedWrite;
  readonly commits: readonly RecordedWrite[];
}

/** One write. */
export interface RecordedWrite {
  readonly record: unknown;
  readonly snapshot: unknown;
  readonly events: readonly { readonly seq: number; readonly event: unknown }[];
}

/** Runs once in the store and keeps what was written. */
export async function recordRun(store: RunStore, run: (store: RunStore) => Promise<unknown>): Promise<RecordedRun> {
  let created: RecordedWrite = { record: null, snapshot: null, events: [] };
  const commits: RecordedWrite[] = [];
  const recording: RunStore = {
    create: (run) => {
      created = toWrite({ ...run, record: null });
      return store.create(run);
    },
    commit: (commit) => {
      commits.push(toWrite(commit));
      return store.commit(commit);
    },
    find: (runId) => store.find(runId),
    load: (runId) => store.load(runId),
    events: (runId, after, limit) => store.events(runId, after, limit),
    claim: (claim) => store.claim(claim),
    list: (query) => store.list(query),
    delete: (runId) => store.delete(runId),
  };
  await run(recording);
  return { created, commits };
}

function toWrite(
  { record, snapshot, events }: Pick<RunCommit, "record" | "snapshot" | "events">,
): RecordedWrite {
  return { record: parsed(record), snapshot: parsed(snapshot), events: events.map(toEvent) };
}

function toEvent({ seq, text }: StoredEvent): RecordedWrite["events"][number] {
  return { seq, event: JSON.parse(text) };
}

function parsed(text: string | null): unknown {
  return text === null ? null : JSON.parse(text);
}
