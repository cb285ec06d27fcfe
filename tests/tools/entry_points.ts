/** The files that `exports` in `deno.json` offers to users, by what they are imported as: `./client`, … */
export async function readExports(): Promise<Readonly<Record<string, string>>> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const entries: [string, unknown][] = typeof exports === "string" ? [[".", exports]] : Object.entries(exports);
  return Object.fromEntries(entries.map(([subpath, path]) => {
    if (typeof path !== "string") throw new TypeError(`Cannot read exports: expected a path: ${JSON.stringify(path)}`);
    return [subpath, path];
  }));
}

/** Those files, e.g. `./mod.ts`. */
export async function readEntryPoints(): Promise<readonly string[]> {
  return Object.values(await readExports());
}
