import { printable } from "./printable.ts";

const encoder = new TextEncoder();

/** Writes to the standard output; returns the exit code of success. */
export function say(text: string): 0 {
  Deno.stdout.writeSync(encoder.encode(text));
  return 0;
}

/** Writes a message to the standard error output; returns the exit code it was given. */
export function complain(message: string, exitCode: number): number {
  const lines = message.split("\n").map(printable);
  Deno.stderr.writeSync(encoder.encode(`${lines.join("\n")}\n`));
  return exitCode;
}
