import { bundle, gzipSize } from "./bundle.ts";
import { runCommandIn } from "./run_command.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** What a user's browser is sent for an entry point, minified and zipped, in bytes. */
export interface Size {
  /** What is sent before the first line of it can run. */
  readonly first: number;
  /** The whole of it in one file; the same, if nothing of it is imported on first use. */
  readonly all: number;
}

/** Measures an entry point, e.g. `./mod.ts`. */
export async function measureSize(entryPoint: string): Promise<Size> {
  await using folder = await TemporaryFolder.create();
  const root = new URL("../../", import.meta.url).pathname;
  const options = ["--quiet", "--platform", "browser", "--minify", "--code-splitting", "--outdir", folder.path];
  const { code, stderr } = await runCommandIn(root, "deno", "bundle", ...options, entryPoint);
  if (code !== 0) throw new Error(`Cannot measure ${entryPoint}: ${stderr}`);
  const names = await Array.fromAsync(Deno.readDir(folder.path), ({ name }) => name);
  const texts = await readLinked(folder.path, entryPoint.replace(/^.*\/|\.ts$/g, "") + ".js");
  const sizes = await Promise.all([...texts.values()].map(gzipSize));
  const first = sizes.reduce((sum, size) => sum + size, 0);
  return { first, all: names.length === 1 ? first : await gzipSize(await bundle(entryPoint)) };
}

/** The texts of a bundled module and of all that it imports for itself to run, by their names. */
async function readLinked(folder: string, entry: string): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const names = new Set([entry]);
  // The set grows while it is walked, and the walk goes on to what was added.
  for (const name of names) {
    const text = await Deno.readTextFile(`${folder}/${name}`);
    texts.set(name, text);
    // As a minifier writes it; `import("./a.js")` is another thing.
    for (const [, imported = ""] of text.matchAll(/\b(?:from|import)"\.\/([^"]+)"/g)) names.add(imported);
  }
  return texts;
}
