/** An engine in the bench, and what has to be known of it to read its numbers. */
export interface Contestant {
  /** Its name for `loadEngine`. */
  readonly engine: string;
  readonly title: string;
  /** What a step that is kept survives. */
  readonly survives: "nothing" | "a crash" | "a power cut";
  /** How many jobs make a sample: what is quick needs several. */
  readonly jobs: number;
  /** Whose steps a second its own are a multiple of: a bare loop's, or those of another contestant. */
  readonly beside: "bare" | "postgres" | "sqlite-full" | "sqlite-normal";
  /** Where its writes are counted. */
  readonly writes: "nowhere" | "process" | "postgres" | "restate";
  /** How a run comes to be gone on with after a crash; `null` if it cannot be. */
  readonly resumes: string | null;
}

/** All of them, in the order of the tables. */
export const CONTESTANTS: readonly Contestant[] = [
  {
    engine: "memory",
    title: "StepStream, memory",
    survives: "nothing",
    jobs: 40,
    beside: "bare",
    writes: "nowhere",
    resumes: null,
  },
  {
    engine: "sqlite-normal",
    title: "StepStream, SQLite NORMAL",
    survives: "a crash",
    jobs: 6,
    beside: "bare",
    writes: "process",
    resumes: "`resume()`, at once",
  },
  {
    engine: "sqlite-full",
    title: "StepStream, SQLite FULL",
    survives: "a power cut",
    jobs: 2,
    beside: "bare",
    writes: "process",
    resumes: "`resume()`, at once",
  },
  {
    engine: "deno-kv",
    title: "StepStream, Deno KV file",
    survives: "a power cut",
    jobs: 1,
    beside: "bare",
    writes: "process",
    resumes: "`resume()`, at once",
  },
  {
    engine: "postgres",
    title: "StepStream, Postgres",
    survives: "a power cut",
    jobs: 1,
    beside: "bare",
    writes: "postgres",
    resumes: "`resume()`, at once",
  },
  {
    engine: "openworkflow",
    title: "OpenWorkflow, SQLite",
    survives: "a power cut",
    jobs: 1,
    beside: "sqlite-full",
    writes: "process",
    resumes: "a worker, once its lease of 30 s is over",
  },
  {
    engine: "dbos",
    title: "DBOS, Postgres",
    survives: "a power cut",
    jobs: 1,
    beside: "postgres",
    writes: "postgres",
    resumes: "`launch()`, at once",
  },
  {
    engine: "restate",
    title: "Restate, its server",
    survives: "a power cut",
    jobs: 1,
    beside: "postgres",
    writes: "restate",
    resumes: "the server, which tries again",
  },
  {
    engine: "sqlite-lease",
    title: "StepStream, SQLite NORMAL, by a runner",
    survives: "a crash",
    jobs: 6,
    beside: "sqlite-normal",
    writes: "process",
    resumes: "`recover()`, once its lease of 30 s is over",
  },
];
