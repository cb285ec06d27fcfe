const PROGRAM = new URL("restart_server.ts", import.meta.url).pathname;

/** Servers of runs in processes of their own, one after the other, with the same file and at the same address. */
export class MortalServer implements AsyncDisposable {
  readonly origin: string;
  readonly #file: string;
  readonly #port: number;
  readonly #pageOrigin: string;
  #child: Deno.ChildProcess | null = null;
  #output: Promise<void> = Promise.resolve();

  /** None yet. Their runs will be in the file, and pages of the origin may use them, if one is given. */
  constructor(file: string, pageOrigin = "") {
    this.#file = file;
    this.#pageOrigin = pageOrigin;
    this.#port = freePort();
    this.origin = `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the next one, whose runs stand still when they come to a number. */
  async start(stillAt: number): Promise<void> {
    const child = new Deno.Command("deno", {
      args: [
        "run",
        "--no-prompt",
        "--unstable-no-legacy-abort",
        "--allow-read",
        "--allow-write=/tmp",
        "--allow-net=127.0.0.1",
        "--ignore-env",
        PROGRAM,
        this.#file,
        String(this.#port),
        String(stillAt),
        this.#pageOrigin,
      ],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const { promise: isListening, resolve, reject } = Promise.withResolvers<void>();
    this.#child = child;
    this.#output = (async () => {
      for await (const _line of child.stdout) resolve();
      reject(new Error("The server ended before it listened"));
    })();
    await isListening;
  }

  /** Kills it in the midst of whatever it does. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    child?.kill("SIGKILL");
    await child?.status;
    await this.#output;
  }

  /** Starts a run of this id; the same again is the same run. */
  post(runId: string): Promise<Response> {
    return fetch(`${this.origin}/runs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ start: "count", payload: 1, runId }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** A port that nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
