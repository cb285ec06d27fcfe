import { printLine } from "../tools/print_line.ts";
import { runCommand } from "../tools/run_command.ts";

/** The arguments of `npx` that stand for `bun`. */
export const BUN = ["-y", "bun@1.4.5"] as const;

/** Whether npm has a Bun for this machine; loud if not, and an error where `CI` is set. */
export async function hasBun(): Promise<boolean> {
  const { code, stderr } = await runCommand("npx", ...BUN, "--version");
  if (code === 0) return true;
  if ((Deno.env.get("CI") ?? "") !== "") throw new Error(`Cannot test in Bun: ${stderr}`);
  printLine(`\n==== SKIPPED: a test did not run in Bun, which npm cannot give: ${stderr} ====\n`);
  return false;
}
