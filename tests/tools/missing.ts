import { printLine } from "./print_line.ts";

/** What is done about a program that is not there. */
export interface MissingOptions {
  /** Whether that is an error. Default: whether the variable `CI` is set. */
  readonly isRequired?: boolean | undefined;
}

/** Throws where a missing program is an error, so that no test is skipped there unseen; elsewhere it says so loudly. */
export function reportMissing(what: string, because: string, options: MissingOptions = {}): null {
  const { isRequired = (Deno.env.get("CI") ?? "") !== "" } = options;
  if (isRequired) throw new Error(`Cannot test in ${what}: ${because}`);
  printLine(`\n==== SKIPPED: a test in ${what} did not run, ${because} ====\n`);
  return null;
}
