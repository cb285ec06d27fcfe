import type { Act, Job } from "./job.ts";

/** A durable engine, ready to work in this process. */
export interface Engine extends AsyncDisposable {
  /** Does the job as a new run; settles when it has been read to its end. */
  run(job: Job): Promise<void>;
  /** Goes on with a run that a process before this one has left; settles when it has been read to its end. */
  resume(job: Job): Promise<void>;
  /** Writes what the engine would write for the job, without the engine; `null` if nobody knows how. */
  readonly writeBare: ((job: Job) => Promise<void>) | null;
}

/** Opens an engine at a place: a folder, or the address of a server. */
export type OpenEngine = (place: string, act: Act) => Promise<Engine>;

/** The file in `engines/` that opens an engine, and the name of its function. */
const OPENERS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  "memory": ["stepstream", "openOnMemory"],
  "sqlite-normal": ["stepstream", "openOnSqliteNormal"],
  "sqlite-full": ["stepstream", "openOnSqliteFull"],
  "deno-kv": ["stepstream", "openOnDenoKv"],
  "postgres": ["stepstream", "openOnPostgres"],
  "sqlite-lease": ["stepstream_runner", "openRunner"],
  "openworkflow": ["openworkflow", "openOpenWorkflow"],
  "dbos": ["dbos", "openDbos"],
  "restate": ["restate", "openRestate"],
};

/** Loads an engine and nothing of the others. */
export async function loadEngine(engine: string): Promise<OpenEngine> {
  const opener = OPENERS[engine];
  if (opener === undefined) throw new RangeError(`Cannot load ${engine}: known are ${Object.keys(OPENERS).join(", ")}`);
  const [file, name] = opener;
  // Were it written out, Deno would fetch the packages of all engines to start one.
  const address = new URL(`engines/${file}.ts`, import.meta.url).href;
  const module: Readonly<Record<string, OpenEngine>> = await import(address);
  const open = module[name];
  if (open === undefined) throw new RangeError(`Cannot load ${engine}: ${file}.ts has no ${name}`);
  return open;
}
