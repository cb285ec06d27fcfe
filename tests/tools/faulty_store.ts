import type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRun,
} from "@stepstream/workflow";

/**
 * What becomes of a call: it is answered; it is lost on the way, or its answer is, and the caller hears an error or
 * nothing at all; or it is refused without being made.
 */
export type Fate = "answered" | "lost" | "hung" | "done but lost" | "done but hung" | "refused";

/** A call of a store. */
export interface StoreCall {
  readonly method: "create" | "find" | "load" | "commit" | "events" | "claim";
  /** Whether it writes. */
  readonly isWrite: boolean;
  /** How many calls came before it. */
  readonly index: number;
  /** What is to be committed, `null` for another call. */
  readonly commit: RunCommit | null;
}

/** A store that has its calls meet a fate. */
export class FaultyStore implements RunStore {
  /** What was asked for, in order. */
  readonly calls: StoreCall[] = [];
  readonly #inner: RunStore;
  readonly #fateOf: (call: StoreCall) => Fate | Promise<Fate>;

  constructor(inner: RunStore, fateOf: (call: StoreCall) => Fate | Promise<Fate>) {
    this.#inner = inner;
    this.#fateOf = fateOf;
  }

  /** What was committed, in order, whatever became of it. */
  get commits(): RunCommit[] {
    return this.calls.flatMap(({ commit }) => commit === null ? [] : [commit]);
  }

  create(run: NewRun): Promise<boolean> {
    return this.#meet("create", () => this.#inner.create(run), () => false);
  }

  find(runId: string): Promise<RunHead | null> {
    return this.#meet("find", () => this.#inner.find(runId), () => null);
  }

  load(runId: string): Promise<StoredRun | null> {
    return this.#meet("load", () => this.#inner.load(runId), () => null);
  }

  commit(commit: RunCommit): Promise<boolean> {
    return this.#meet("commit", () => this.#inner.commit(commit), () => false, commit);
  }

  events(runId: string, after: number, limit: number): Promise<readonly StoredEvent[]> {
    return this.#meet("events", () => this.#inner.events(runId, after, limit), () => []);
  }

  claim(claim: RunClaim): Promise<readonly RunHead[]> {
    return this.#meet("claim", () => this.#inner.claim(claim), () => []);
  }

  list(query: RunQuery): Promise<readonly RunHead[]> {
    return this.#inner.list(query);
  }

  delete(runId: string): Promise<boolean> {
    return this.#inner.delete(runId);
  }

  async #meet<Answer>(
    method: StoreCall["method"],
    ask: () => Promise<Answer>,
    refuse: () => Answer,
    commit: RunCommit | null = null,
  ): Promise<Answer> {
    const isWrite = method === "create" || method === "commit" || method === "claim";
    const call = { method, isWrite, index: this.calls.length, commit };
    this.calls.push(call);
    const decided = this.#fateOf(call);
    const fate = typeof decided === "string" ? decided : await decided;
    switch (fate) {
      case "answered":
        return await ask();
      case "refused":
        return refuse();
      case "done but lost":
        await ask();
        throw new Error(`the answer to ${method} was lost`);
      case "lost":
        throw new Error(`${method} was lost`);
      case "done but hung":
        await ask();
        return await new Promise<never>(() => {});
      case "hung":
        return await new Promise<never>(() => {});
    }
  }
}
