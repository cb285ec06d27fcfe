import { type CommandOutcome, runCommand } from "../../tools/run_command.ts";

/** Runs a program of the example with the permissions of its task. */
export function runExample(file: string, ...args: readonly string[]): Promise<CommandOutcome> {
  return runCommand("deno", ...toArguments(file), ...args);
}

/** Starts a program of the example and leaves it running. */
export function startExample(file: string, ...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args: [...toArguments(file), ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Reads a process's output until it holds `expected`; answers what was read. The stream can be read on. */
export async function readUntil(output: ReadableStream<Uint8Array>, expected: string): Promise<string> {
  const reader = output.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (!text.includes(expected)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`The output ended without ${JSON.stringify(expected)}: ${JSON.stringify(text)}`);
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    reader.releaseLock();
  }
  return text;
}

/** The arguments of `deno` that run a program of the example with the permissions of its task. */
export function toArguments(file: string): string[] {
  const path = new URL(`../../../examples/link_check/${file}`, import.meta.url).pathname;
  const files = file === "server.ts" ? ["--allow-read=.", "--allow-write=."] : [];
  return ["run", "--no-prompt", "--unstable-no-legacy-abort", "--allow-net", "--allow-env=PORT", ...files, path];
}
