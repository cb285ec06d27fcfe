import type { CommandOutcome } from "../../tools/run_command.ts";
import { readUntil } from "./child_process.ts";

const PROGRAM = new URL("../../../examples/link_check/deploy.ts", import.meta.url).pathname;

/** An instance of the app under `deno serve`, on a database that it shares with others. */
export class DeployProcess implements AsyncDisposable {
  readonly origin: string;
  readonly #child: Deno.ChildProcess;
  #outcome: Promise<CommandOutcome> | null = null;

  private constructor(child: Deno.ChildProcess, origin: string) {
    this.#child = child;
    this.origin = origin;
  }

  /** Starts it, or another program that is made of it, and waits until it serves. */
  static async start(database: string, program = PROGRAM): Promise<DeployProcess> {
    const child = new Deno.Command("deno", {
      args: [
        "serve",
        "--no-prompt",
        "--unstable-no-legacy-abort",
        "--host=127.0.0.1",
        "--port=0",
        "--allow-net",
        "--allow-env=KV_PATH",
        "--allow-read=/tmp",
        "--allow-write=/tmp",
        program,
      ],
      env: { NO_COLOR: "1", KV_PATH: database },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const [, origin = ""] = /Listening on (http:\/\/[\d.:]+)/.exec(await readUntil(child.stderr, "Listening on")) ?? [];
    return new DeployProcess(child, origin);
  }

  /** Waits until it has written a text. */
  async written(expected: string): Promise<void> {
    await readUntil(this.#child.stdout, expected);
  }

  /** Tells it to stop, as Deno Deploy does, and waits until it has. */
  async stop(): Promise<CommandOutcome> {
    this.#child.kill("SIGINT");
    return await this.#ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#ended();
  }

  #ended(): Promise<CommandOutcome> {
    return this.#outcome ??= this.#child.output().then(({ code, stdout, stderr }) => {
      const decoder = new TextDecoder();
      return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
    });
  }
}
