import { runCommand } from "./run_command.ts";

/** A type error of the compiler: where it is, and its number, e.g. `TS2345`. */
export interface TypeFinding {
  /** The name of the file, without its folder. */
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** Type-checks files, which may be in any folder, under the options of the repository. */
export async function typeCheck(paths: readonly string[]): Promise<readonly TypeFinding[]> {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { code, stderr } = await runCommand("deno", "check", "--quiet", "--config", config, ...paths);
  if (code === 0) return [];
  // By its text, since one mistake may show twice in a line.
  const findings = new Map<string, TypeFinding>();
  for (const [, code = "", file = "", line] of stderr.matchAll(ERROR)) {
    findings.set(`${file}:${line} ${code}`, { file, line: Number(line), code });
  }
  if (findings.size === 0) throw new Error(`Cannot type-check ${paths.join(", ")}: ${stderr}`);
  return [...findings.values()].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

// An error begins at the margin and ends with its place; what is indented deeper belongs to it.
const ERROR = /^(TS\d+) \[ERROR\]: (?! )[^]*?^ {4}at \S+\/([^/\s]+):(\d+):\d+$/gm;
