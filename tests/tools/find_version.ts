import { type MissingOptions, reportMissing } from "./missing.ts";
import { runCommand } from "./run_command.ts";

/** What a runtime says to `--version`; `null`, and loud, where it does not run and need not. */
export async function findVersion(
  name: string,
  command: readonly [string, ...string[]],
  options: MissingOptions = {},
): Promise<string | null> {
  const { code, stdout, stderr } = await runCommand(...command, "--version");
  if (code === 0) return stdout.trim();
  return reportMissing(name, `${command.join(" ")} does not run: ${stderr.trim()}`, options);
}
