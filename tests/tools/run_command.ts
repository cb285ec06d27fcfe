/** What a finished process left behind. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, with its output kept and uncoloured. Name it as on the command line (`"deno"`): the
 * permission to run it goes by that name, and where npx provides the program its path is another one.
 */
export function runCommand(command: string, ...args: readonly string[]): Promise<CommandOutcome> {
  return runCommandIn(".", command, ...args);
}

/** Does so in a folder. */
export async function runCommandIn(
  folder: string,
  command: string,
  ...args: readonly string[]
): Promise<CommandOutcome> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
