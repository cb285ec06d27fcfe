import { TemporaryFolder } from "../../tools/temporary_folder.ts";
import { prepareWorker, WorkerdProcess, type WorkerFolder } from "../../tools/workerd.ts";
import { readWranglerConfig } from "../../tools/wrangler_config.ts";

/** The example's Worker in workerd, as `wrangler.jsonc` has it, for as long as it is in scope. */
export class WorkerServer implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #worker: WorkerFolder;
  #process: WorkerdProcess;

  private constructor(folder: TemporaryFolder, worker: WorkerFolder, process: WorkerdProcess) {
    this.#folder = folder;
    this.#worker = worker;
    this.#process = process;
  }

  /** Starts it; `null` where there is no workerd. */
  static async start(): Promise<WorkerServer | null> {
    const { compatibility_flags: flags, durable_objects: { bindings } } = await readWranglerConfig();
    const objects = Object.fromEntries(bindings.map(({ name, class_name }) => [name, class_name]));
    const folder = await TemporaryFolder.create();
    const worker = await prepareWorker(folder, { entryPoint: "examples/link_check/worker.ts", objects, flags });
    if (worker !== null) return new WorkerServer(folder, worker, await WorkerdProcess.start(worker));
    await folder[Symbol.asyncDispose]();
    return null;
  }

  get origin(): string {
    return this.#process.origin;
  }

  /** Kills it in the midst of whatever it does. */
  async kill(): Promise<void> {
    await this.#process.kill();
  }

  /** Starts it again, at the same address and with the same storage. */
  async restart(): Promise<void> {
    this.#process = await WorkerdProcess.start(this.#worker, this.#process.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#folder[Symbol.asyncDispose]();
  }
}
