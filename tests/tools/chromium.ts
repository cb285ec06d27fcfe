import { type MissingOptions, reportMissing } from "./missing.ts";

/** Where to look for a browser. */
export interface FindChromiumOptions extends MissingOptions {
  /** The folders to search, as in the variable `PATH`. Default: that variable. */
  readonly path?: string;
}

const NAMES = ["chromium", "chromium-browser"];

/**
 * The path of the installed Chromium, as `command -v` finds it. Without one it throws where `CI` is set, so that no
 * browser test is skipped there unseen; elsewhere it says loudly that one is skipped, and answers `null`.
 */
export async function findChromium(options: FindChromiumOptions = {}): Promise<string | null> {
  const { path = Deno.env.get("PATH") ?? "" } = options;
  const folders = path.split(":").filter((folder) => folder !== "");
  for (const name of NAMES) {
    for (const folder of folders) {
      const candidate = `${folder}/${name}`;
      if (await isExecutable(candidate)) return candidate;
    }
  }
  return reportMissing("a browser", `there is no ${NAMES.join(" or ")} in PATH`, options);
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
