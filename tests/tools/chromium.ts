import { printLine } from "./print_line.ts";

/** Where to look for a browser. */
export interface FindChromiumOptions {
  /** The folders to search, as in the variable `PATH`. Default: that variable. */
  readonly path?: string;
  /** Whether a missing browser is an error. Default: whether the variable `CI` is set. */
  readonly isRequired?: boolean;
}

const NAMES = ["chromium", "chromium-browser"];

/**
 * The path of the installed Chromium, as `command -v` finds it. Without one it throws where `CI` is set, so that no
 * browser test is skipped there unseen; elsewhere it says loudly that one is skipped, and answers `null`.
 */
export async function findChromium(options: FindChromiumOptions = {}): Promise<string | null> {
  const { path = Deno.env.get("PATH") ?? "", isRequired = (Deno.env.get("CI") ?? "") !== "" } = options;
  const folders = path.split(":").filter((folder) => folder !== "");
  for (const name of NAMES) {
    for (const folder of folders) {
      const candidate = `${folder}/${name}`;
      if (await isExecutable(candidate)) return candidate;
    }
  }
  const missing = `there is no ${NAMES.join(" or ")} in PATH`;
  if (isRequired) throw new Error(`Cannot test in a browser: ${missing}`);
  printLine(`\n==== SKIPPED: a browser test did not run, ${missing} ====\n`);
  return null;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    const { isFile, mode } = await Deno.stat(path);
    return isFile && ((mode ?? 0o111) & 0o111) !== 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
