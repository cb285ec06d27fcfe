/** A running `sqlite_writer.ts`. */
export interface SqliteProcess {
  /** What it prints, line by line. */
  readonly lines: AsyncGenerator<string>;
  /** Lets it start to write. */
  start(): Promise<void>;
  /** Kills it at once. */
  kill(): void;
  /** Its end. */
  readonly status: Promise<Deno.CommandStatus>;
}

/** Starts `sqlite_writer.ts`. Its lines have to be read to their end. */
export function startWriter(
  file: string,
  runId: string,
  name: string,
  lastRevision: number,
): SqliteProcess {
  const program = new URL("sqlite_writer.ts", import.meta.url).pathname;
  const child = new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      `--allow-write=${file},${file}-wal,${file}-shm,${file}-journal`,
      program,
      file,
      runId,
      name,
      String(lastRevision),
    ],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  return {
    lines: readLines(child.stdout),
    start: () => child.stdin.close(),
    kill: () => child.kill("SIGKILL"),
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
