import {
  type Any,
  EventsGoneError,
  RunConflictError,
  type RunHead,
  type RunQuery,
  type RunStream,
  type StoredRunStatus,
  UnknownRunError,
  UnknownWorkflowError,
  type Workflow,
  type WorkflowEvent,
} from "@stepstream/workflow";
import type { RunsHost } from "@stepstream/workflow/http";
import type { StartedRun } from "@stepstream/workflow/runner";
import { encodeEvent } from "@stepstream/workflow/sse";
import { parseEvents } from "../tools/parse_event_stream.ts";

type Event = WorkflowEvent<Any, Any>;
type Pulled = IteratorResult<Event, undefined>;

interface FakeRun {
  head: RunHead;
  /** What it was started with, to tell another start from the same. */
  readonly order: string;
  /** The events there are, from `first` on. */
  events: Event[];
  first: number;
  readonly readers: Set<FakeReader>;
  readonly stream: RunStream | null;
}

/** A host that keeps its runs in memory, and a note of everything it was asked for. */
export class FakeRuns implements RunsHost, AsyncDisposable {
  readonly calls: string[] = [];
  /** What every call fails with, `null` for nothing. */
  failure: unknown = null;
  readonly #workflows: ReadonlyMap<string, Workflow>;
  readonly #runs = new Map<string, FakeRun>();
  readonly #pumps: Promise<void>[] = [];
  #now = 1_000;

  constructor(...workflows: readonly Workflow[]) {
    this.#workflows = new Map(workflows.map((workflow) => [workflow.name, workflow]));
  }

  get workflows(): Iterable<string> {
    return this.#workflows.keys();
  }

  get activeRuns(): number {
    return [...this.#runs.values()].filter(({ head, stream }) => head.status === "running" && stream !== null).length;
  }

  /** How many readers follow a run. */
  get readers(): number {
    return [...this.#runs.values()].reduce((sum, { readers }) => sum + readers.size, 0);
  }

  /** The ids of all runs, in the order in which they were started. */
  get runIds(): string[] {
    return [...this.#runs.keys()];
  }

  /** Adds a run that only the test works on. */
  put(runId: string, events: readonly Event[], order = ""): void {
    this.#add(runId, "orders", order, null);
    for (const event of events) this.push(runId, event);
  }

  /** Tells a run's next event, as it comes out of a store. */
  push(runId: string, event: Event): void {
    const run = this.#run(runId);
    const stored = parseEvents(encodeEvent(event))[0] ?? event;
    run.events.push(stored);
    const status: StoredRunStatus = event.type === "run.end" ? event.status : "running";
    run.head = { ...run.head, status, lastSeq: event.seq, updatedAt: this.#now };
    for (const reader of run.readers) reader.wake();
  }

  /** Forgets the events before `first`. */
  forget(runId: string, first: number): void {
    const run = this.#run(runId);
    run.events = run.events.filter(({ seq }) => seq >= first);
    run.first = first;
  }

  /** Forgets a run. */
  delete(runId: string): void {
    this.#runs.delete(runId);
  }

  start(
    workflow: string,
    start: string,
    payload?: unknown,
    options: { readonly runId?: string } = {},
  ): Promise<StartedRun> {
    return this.#answer(`start ${workflow} ${start}`, () => {
      const runId = options.runId ?? crypto.randomUUID();
      const order = JSON.stringify([workflow, start, payload]);
      const known = this.#runs.get(runId);
      if (known !== undefined) {
        if (known.order !== order) throw new RunConflictError(runId, "it was started with something else");
        return { runId, isNew: false };
      }
      const stream = this.#workflows.get(workflow)?.stream(start, payload, { runId });
      if (stream === undefined) throw new UnknownWorkflowError(workflow, this.workflows);
      this.#add(runId, workflow, order, stream);
      this.#pumps.push(this.#pump(stream));
      return { runId, isNew: true };
    });
  }

  follow(runId: string, { after = 0 }: { readonly after?: number } = {}): FakeReader {
    this.calls.push(`follow ${runId} after ${after}`);
    return new FakeReader(runId, after, this.#runs.get(runId) ?? null, this.failure);
  }

  cancel(runId: string): Promise<boolean> {
    return this.#answer(`cancel ${runId}`, async () => {
      const { head, stream } = this.#run(runId);
      if (head.status !== "running" && head.status !== "suspended") return false;
      await stream?.cancel();
      return true;
    });
  }

  get(runId: string): Promise<RunHead | null> {
    return this.#answer(`get ${runId}`, () => this.#runs.get(runId)?.head ?? null);
  }

  list(query: RunQuery): Promise<readonly RunHead[]> {
    return this.#answer(`list ${JSON.stringify(query)}`, () => {
      const { after, status, workflow } = query;
      const heads = [...this.#runs.values()].map(({ head }) => head)
        .filter((head) => (status ?? head.status) === head.status && (workflow ?? head.workflow) === head.workflow)
        .sort(newestFirst);
      return heads.filter((head) => after === undefined || newestFirst(after, head) < 0).slice(0, query.limit);
    });
  }

  /** Cancels what still runs, and waits until nothing does. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stream } of this.#runs.values()) await stream?.cancel();
    await Promise.all(this.#pumps);
  }

  #add(runId: string, workflow: string, order: string, stream: RunStream | null): void {
    this.#now += 1;
    const times = { createdAt: this.#now, updatedAt: this.#now };
    const head = {
      runId,
      workflow,
      version: "1",
      status: "running",
      revision: 7,
      lastSeq: 0,
      wakeAt: 99,
      ...times,
    } as const;
    this.#runs.set(runId, { head, order, events: [], first: 1, readers: new Set(), stream });
  }

  #run(runId: string): FakeRun {
    const run = this.#runs.get(runId);
    if (run === undefined) throw new UnknownRunError(runId);
    return run;
  }

  async #pump(stream: RunStream): Promise<void> {
    try {
      for await (const event of stream) this.push(stream.runId, event);
    } catch {
      // `run.end` has told it.
    }
  }

  async #answer<Answer>(call: string, answer: () => Answer | Promise<Answer>): Promise<Answer> {
    this.calls.push(call);
    await undefined;
    if (this.failure !== null) throw this.failure;
    return await answer();
  }
}

/** Reads a run's events as they come. */
class FakeReader implements AsyncIterableIterator<Event, undefined> {
  readonly #runId: string;
  readonly #run: FakeRun | null;
  readonly #failure: unknown;
  #after: number;
  #isOver = false;
  #waiting: ((pulled: Pulled) => void) | null = null;

  constructor(runId: string, after: number, run: FakeRun | null, failure: unknown) {
    this.#runId = runId;
    this.#after = after;
    this.#run = run;
    this.#failure = failure;
  }

  next(): Promise<Pulled> {
    const run = this.#run;
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (run === null) return Promise.reject(new UnknownRunError(this.#runId));
    if (this.#after + 1 < run.first) {
      return Promise.reject(new EventsGoneError(this.#runId, this.#after, run.first));
    }
    if (!this.#isOver) run.readers.add(this);
    const ready = this.#take();
    return ready === null ? new Promise((resolve) => this.#waiting = resolve) : Promise.resolve(ready);
  }

  return(): Promise<Pulled> {
    this.#isOver = true;
    this.#run?.readers.delete(this);
    this.wake();
    return Promise.resolve({ done: true, value: undefined });
  }

  wake(): void {
    const waiting = this.#waiting;
    if (waiting === null) return;
    const ready = this.#take();
    if (ready === null) return;
    this.#waiting = null;
    waiting(ready);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): Pulled | null {
    if (this.#isOver || this.#run === null) return { done: true, value: undefined };
    const event = this.#run.events[this.#after + 1 - this.#run.first];
    if (event === undefined) return null;
    this.#after = event.seq;
    if (event.type === "run.end") {
      this.#isOver = true;
      this.#run.readers.delete(this);
    }
    return { done: false, value: event };
  }
}

type Place = Pick<RunHead, "createdAt" | "runId">;

function newestFirst(a: Place, b: Place): number {
  return b.createdAt - a.createdAt || Number(a.runId < b.runId) - Number(a.runId > b.runId);
}
