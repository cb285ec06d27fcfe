import { findInSource } from "./source_findings.ts";

/** Source files by their path in the repository, e.g. `src/core/clock.ts`. */
export type Sources = ReadonlyMap<string, string>;

/** The folders of `src`, lowest layer first. A folder imports from the layers below its own. */
const LAYERS: readonly (readonly string[])[] = [
  ["core"],
  ["logging", "executors", "stores", "sse"],
  ["engine"],
  ["workflow"],
  ["runner"],
  ["http", "hosts", "diagram", "testing", "client"],
];

/** Folders that may import from less than all that is below them. */
const ONLY_FROM: ReadonlyMap<string, readonly string[]> = new Map([["client", ["core", "sse"]]]);

/** Every import in `src` that does not point down the layers, and every file that is in no layer. */
export function findLayerViolations(sources: Sources): readonly string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    const folder = folderOf(path);
    if (layerOf(folder) === -1) violations.push(`${path} is in no layer`);
    for (const { line, text: specifier } of findInSource(path, text).imports) {
      if (!specifier.startsWith(".")) continue;
      const target = resolve(path, specifier);
      const why = isEntryPoint(target)
        ? "nothing in src imports a mod.ts"
        : mayImport(folder, folderOf(target))
        ? null
        : `${folder} may not import ${folderOf(target)}`;
      if (why !== null) violations.push(`${path}:${line} imports ${target}: ${why}`);
    }
  }
  return violations;
}

/** Every import that is not of a file of the package, in all that can be reached from `root`. */
export function findForeignImports(sources: Sources, root: string): readonly string[] {
  const violations: string[] = [];
  const reached = new Set([root]);
  // The set grows while it is walked, and the walk goes on to what was added.
  for (const path of reached) {
    const text = sources.get(path);
    if (text === undefined) {
      violations.push(`${path} is not a source file`);
      continue;
    }
    for (const { line, text: specifier } of findInSource(path, text).imports) {
      if (specifier.startsWith(".")) reached.add(resolve(path, specifier));
      else violations.push(`${path}:${line} imports ${specifier}`);
    }
  }
  return violations;
}

/** Every use of syntax or of a function that some supported runtime lacks. */
export function findTooNew(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) =>
    findInSource(path, text).tooNew.map((found) => `${path}:${found.line} uses ${found.text}`)
  );
}

/** Every use of a time or a timer that does not come from a `Clock`. */
export function findTimes(sources: Sources): readonly string[] {
  return [...sources].flatMap(([path, text]) =>
    path === "src/core/clock.ts"
      ? []
      : findInSource(path, text).times.map((found) => `${path}:${found.line} uses ${found.text}`)
  );
}

/** The published source files as they are now. */
export async function readSources(): Promise<Sources> {
  const sources = new Map([["mod.ts", await readSource("mod.ts")]]);
  for await (const path of filesOf("src")) sources.set(path, await readSource(path));
  return sources;
}

/** The files that have to keep to the layers: all but the root module. */
export function withoutRoot(sources: Sources): Sources {
  return new Map([...sources].filter(([path]) => path !== "mod.ts"));
}

const REPOSITORY = new URL("../../", import.meta.url);

function readSource(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, REPOSITORY));
}

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, REPOSITORY))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesOf(path);
    else if (/\.[cm]?[jt]sx?$/.test(name)) yield path;
  }
}

function mayImport(from: string, to: string): boolean {
  if (layerOf(from) === -1 || layerOf(to) === -1) return false;
  if (from === to) return true;
  return layerOf(to) < layerOf(from) && (ONLY_FROM.get(from)?.includes(to) ?? true);
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((folders) => folders.includes(folder));
}

/** `core` for `src/core/clock.ts`; what is in no folder of `src` is its own path. */
function folderOf(path: string): string {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? path;
}

function isEntryPoint(path: string): boolean {
  return path === "mod.ts" || path.endsWith("/mod.ts");
}

/** Resolves a relative import to a path in the repository; one that leaves it keeps its dots. */
function resolve(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      if (parts.length === 0 || parts.at(-1) === "..") parts.push("..");
      else parts.pop();
    } else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}
