import type { StoreKind } from "./crash_store.ts";

const PROGRAM = new URL("crash_child.ts", import.meta.url).pathname;

/** A running `crash_child.ts`. */
export interface CrashProcess {
  /** What it prints, line by line; has to be read to its end. */
  readonly lines: AsyncGenerator<string>;
  /** Writes a line to its input. */
  tell(): Promise<void>;
  /** Ends its input. */
  hangUp(): Promise<void>;
  kill(signal: Deno.Signal): void;
  /** Its end. */
  readonly status: Promise<Deno.CommandStatus>;
}

/** Starts `crash_child.ts` with a store and what it is to do. */
export function startProcess(kind: StoreKind, location: string, ...what: readonly string[]): CrashProcess {
  const child = new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write=/tmp",
      "--allow-net=127.0.0.1",
      "--ignore-env",
      PROGRAM,
      kind,
      location,
      ...what,
    ],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  return {
    lines: readLines(child.stdout),
    tell: () => input.write(new TextEncoder().encode("go\n")),
    // One that has been killed has no input any more.
    hangUp: () => input.close().catch(() => {}),
    kill: (signal) => child.kill(signal),
    status: child.status,
  };
}

async function* readLines(output: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of output.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    // A line that was cut off by a kill was never printed as a whole.
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
