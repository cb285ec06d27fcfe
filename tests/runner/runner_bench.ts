import { type Clock, MemoryStore, type RunStore, type StepScope, Workflow } from "@stepstream/workflow";
import { Runner, type RunnerOptions } from "@stepstream/workflow/runner";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { DatabaseSync } from "node:sqlite";
import { laterTurn } from "../tools/events.ts";
import { Gates } from "../tools/gates.ts";
import { ManualClock } from "../tools/manual_clock.ts";

/** What a {@linkcode RunnerBench} is made with. */
export interface RunnerBenchOptions extends Omit<Partial<RunnerOptions>, "workflows" | "clock"> {
  readonly clock?: ManualClock;
  /** The clock of the runner, if it is not the manual one. */
  readonly runnerClock?: Clock;
  readonly version?: string;
  /** Whether the workflow has its step "wait". */
  readonly hasWait?: boolean;
}

/** A runner with a workflow whose steps a test can hold, on a clock that stands still. */
export class RunnerBench implements AsyncDisposable {
  readonly store: RunStore;
  readonly clock: ManualClock;
  readonly gates = new Gates();
  /** The keys of the attempts that were begun, in their order. */
  readonly attempts: string[] = [];
  /** What went to `onError`: the error's name and the run. */
  readonly errors: string[] = [];
  readonly runner: Runner;

  constructor(options: RunnerBenchOptions = {}) {
    const { store = new MemoryStore(), clock = new ManualClock(), runnerClock = clock, ...rest } = options;
    const { version = "1", hasWait = true, ...runnerOptions } = rest;
    this.store = store;
    this.clock = clock;
    const begin = ({ idempotencyKey, attempt }: StepScope) => this.attempts.push(`${idempotencyKey} ${attempt}`);
    const workflow = new Workflow({ name: "work", version }).add(
      {
        name: "echo",
        action: (_ctx, payload, _log, scope) => {
          begin(scope);
          return payload;
        },
      },
      {
        name: "count",
        action: (_ctx, left: number, log, scope) => {
          begin(scope);
          log.event("left", left);
          return left - 1;
        },
        decision: (_ctx, result, enqueue) => {
          if (result.ok && result.value > 0) enqueue.tail("count");
        },
      },
      {
        name: "patient",
        retry: { maxAttempts: 2, delayMs: 3_600_000, jitter: "none" },
        action: (_ctx, _payload, _log, scope) => {
          begin(scope);
          if (scope.attempt === 1) throw new Error("first attempt");
          return "done";
        },
      },
      {
        name: "talk",
        action: async (_ctx, count: number, log, scope) => {
          begin(scope);
          for (let i = 0; i < count; i += 1) {
            log.event("said", i);
            // So that no log is dropped.
            if (i % 100 === 99) await laterTurn();
          }
        },
      },
    );
    workflow.add({
      name: "shout",
      action: async (_ctx, { length, count }: { length: number; count: number }, log, scope) => {
        begin(scope);
        for (let i = 0; i < count; i += 1) {
          // A new text each time, not one that is shared.
          log.event("shouted", JSON.parse(`"${String(i % 10).repeat(length)}"`));
          await laterTurn();
        }
        await this.gates.wait("shouted", scope.signal);
      },
    }, {
      name: "hold",
      action: async (_ctx, gate: string, _log, scope) => {
        begin(scope);
        await this.gates.wait(gate, scope.signal);
        return gate;
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("echo"),
    });
    if (hasWait) {
      workflow.add({
        name: "wait",
        action: async (_ctx, gate: string, log, scope) => {
          begin(scope);
          log.event("waiting", gate);
          await this.gates.wait(gate, scope.signal);
          log.event("through", gate);
          return gate;
        },
      });
    }
    this.runner = new Runner({
      ...runnerOptions,
      workflows: [workflow],
      store,
      clock: runnerClock,
      onError: (error, runId) => this.errors.push(`${error instanceof Error ? error.name : error} ${runId}`),
    });
  }

  /** Closes the runner, once what is held is let go. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.gates.openAll();
    await laterTurn();
    await this.runner.close();
  }
}

/** A store to test with, and what closes it. */
export interface BenchStore extends Disposable {
  readonly store: RunStore;
}

/** The stores that runners are tested with: one that tells of commits, and one that has to be asked. */
export const BENCH_STORES: readonly { readonly kind: string; readonly open: () => Promise<BenchStore> }[] = [
  { kind: "memory", open: () => Promise.resolve({ store: new MemoryStore(), [Symbol.dispose]: () => {} }) },
  {
    kind: "SQLite",
    open: async () => {
      const database = new DatabaseSync(":memory:");
      return { store: await SqliteStore.open(database), [Symbol.dispose]: () => database.close() };
    },
  },
];

/** The store, with some of its methods replaced. */
export function replaced(store: RunStore, methods: Partial<RunStore>): RunStore {
  return {
    create: (run) => store.create(run),
    find: (runId) => store.find(runId),
    load: (runId) => store.load(runId),
    commit: (commit) => store.commit(commit),
    events: (runId, after, limit) => store.events(runId, after, limit),
    claim: (claim) => store.claim(claim),
    list: (query) => store.list(query),
    delete: (runId) => store.delete(runId),
    ...methods,
  };
}
