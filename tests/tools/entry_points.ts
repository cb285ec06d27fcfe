/** The files that `exports` in `deno.json` offers to users, e.g. `./mod.ts`. */
export async function readEntryPoints(): Promise<readonly string[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  const paths: unknown[] = typeof exports === "string" ? [exports] : Object.values(exports);
  return paths.map((path) => {
    if (typeof path !== "string") throw new TypeError(`Cannot read exports: expected a path: ${JSON.stringify(path)}`);
    return path;
  });
}
