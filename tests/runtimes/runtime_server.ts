/** A server in another runtime, for as long as it is in scope. It ends when its input does. */
export class RuntimeServer implements AsyncDisposable {
  /** The first line that it has printed: its address, or why there is none. */
  readonly line: string;
  readonly #child: Deno.ChildProcess;
  /** Settles when it has printed all. */
  readonly #output: Promise<unknown>;

  private constructor(child: Deno.ChildProcess, line: string, output: Promise<unknown>) {
    this.#child = child;
    this.line = line;
    this.#output = output;
  }

  /** Starts it, and waits for its first line. */
  static async start(command: string, ...args: readonly string[]): Promise<RuntimeServer> {
    const child = new Deno.Command(command, {
      args: [...args],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // Once it serves, its complaints are about clients that leave, which they do on purpose.
    const errors = new Response(child.stderr).text();
    const [first, rest] = child.stdout.tee();
    const line = await readLine(first);
    if (line === null) {
      await child.stdin.close().catch(() => {});
      await child.status;
      throw new Error(`Cannot start ${command} ${args.join(" ")}: ${await errors}`);
    }
    return new RuntimeServer(child, line, Promise.all([errors, new Response(rest).text()]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // One that has ended by itself has no input any more.
    await this.#child.stdin.close().catch(() => {});
    await this.#output;
    await this.#child.status;
  }
}

/** The first line of an output, `null` if it ends before. */
async function readLine(output: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string | null> {
  let text = "";
  for await (const chunk of output.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  return null;
}
