import { DENO_FLAGS } from "./deno_flags.ts";
import { readLines } from "./read_lines.ts";

const CHILD = new URL("child.ts", import.meta.url).pathname;

/** How long a job took in its process. */
export interface Timed {
  /** From the start of the job to its end, as its reader sees it. */
  readonly tookMs: number;
  /** From the first action to the last. */
  readonly workMs: number;
}

/** A process with one engine in it. */
export class EngineProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  /**
   * Starts it.
   *
   * @param stopAt The step whose action stands still, `none` to be told of actions but stop at none, `""` for neither
   */
  constructor(engine: string, place: string, stopAt = "") {
    this.#child = new Deno.Command("deno", {
      args: ["run", ...DENO_FLAGS, "-A", CHILD, engine, place, stopAt],
      env: { NO_COLOR: "1", DO_NOT_TRACK: "1", TMPDIR: "/tmp" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.pid = this.#child.pid;
    this.#lines = readLines(this.#child.stdout);
    this.#input = this.#child.stdin.getWriter();
  }

  /** Asks for a job. */
  async tell(what: "run" | "resume" | "bare", runId: string, steps: number): Promise<void> {
    await this.#input.write(
      new TextEncoder().encode(`${what} ${runId} ${steps}\n`),
    );
  }

  /** What it says next; rejects if it says that it failed, or nothing more. */
  async hear(): Promise<readonly string[]> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done) throw new Error("its process has ended");
      const [word, ...rest] = value.split(" ");
      if (word === "failed") throw new Error(rest.join(" "));
      // Whatever else a library prints is not for us.
      if (word === "ready" || word === "done" || word === "action") {
        return [word, ...rest];
      }
    }
  }

  /** How long the job took that it was asked for. */
  async hearDone(): Promise<Timed> {
    for (;;) {
      const [word, tookMs, workMs] = await this.hear();
      if (word === "done") {
        return { tookMs: Number(tookMs), workMs: Number(workMs) };
      }
    }
  }

  /** Kills it at once; settles when it is gone. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    // The rest of what it said, or the pipe stays open.
    for await (const _ of this.#lines);
    await this.#input.abort().catch(() => {});
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
