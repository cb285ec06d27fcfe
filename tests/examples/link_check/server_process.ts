import type { CommandOutcome } from "../../tools/run_command.ts";
import { readUntil, toArguments } from "./child_process.ts";

/** The example's server in a process of its own, for as long as it is in scope. */
export class ServerProcess implements AsyncDisposable {
  /** What it says once it is ready. */
  readonly welcome: string;
  readonly origin: string;
  readonly port: string;
  readonly #child: Deno.ChildProcess;
  #outcome: Promise<CommandOutcome> | null = null;

  private constructor(child: Deno.ChildProcess, welcome: string) {
    this.#child = child;
    this.welcome = welcome;
    const [, url = ""] = /browser +(\S+)/.exec(welcome) ?? [];
    ({ origin: this.origin, port: this.port } = new URL(url));
  }

  /** Starts it in a folder, where its file is, and waits until it is ready. */
  static async start(folder: string, ...args: readonly string[]): Promise<ServerProcess> {
    const child = spawn(folder, args.includes("--port") ? args : ["--port", "0", ...args]);
    return new ServerProcess(child, await readUntil(child.stdout, "Ctrl-C"));
  }

  /** Starts one that is not to come to serve, and waits for its end. */
  static async fail(folder: string, ...args: readonly string[]): Promise<CommandOutcome> {
    return await outcomeOf(spawn(folder, args));
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until it has said this. */
  async until(text: string): Promise<void> {
    await readUntil(this.#child.stdout, text);
  }

  /** What it leaves behind when it ends. */
  outcome(): Promise<CommandOutcome> {
    return this.#outcome ??= outcomeOf(this.#child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.outcome();
  }
}

function spawn(folder: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: [...toArguments("server.ts"), ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcomeOf(child: Deno.ChildProcess): Promise<CommandOutcome> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
