import { runCommand } from "./run_command.ts";

/**
 * Type-checks files as if there were only what every supported runtime has: the language of ES 2023 (Node 20) and the
 * web platform. So a method that is too new (iterator helpers among them) is an error, and so is `Deno` or `process`.
 * Answers the errors, one line each.
 */
export async function checkLanguageFloor(paths: readonly string[]): Promise<readonly string[]> {
  const config = new URL("./language_floor.json", import.meta.url).pathname;
  const { code, stderr } = await runCommand("deno", "check", "--quiet", "--no-lock", "--config", config, ...paths);
  if (code === 0) return [];
  const errors = stderr.split("\n").filter((line) => /^TS\d+ /.test(line));
  return errors.length > 0 ? errors : [stderr];
}
