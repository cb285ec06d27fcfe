import { readExports } from "./entry_points.ts";
import { runCommandIn } from "./run_command.ts";

/** What `deno doc` knows of an entry point, as far as it is used here. */
export interface ModuleDocs {
  /** The comment with `@module`; none if there is no such comment. */
  readonly module_doc?: Comment;
  /** What it exports. */
  readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[];
}

interface Comment {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

/** A symbol's declaration, or a member of one. */
interface Declaration {
  /** Signatures have none. */
  readonly name?: string;
  readonly kind?: string;
  readonly jsDoc?: Comment;
  readonly accessibility?: string | null;
  /** Of a method. */
  readonly functionDef?: Definition;
  /** Of a symbol. */
  readonly def?: Definition;
}

interface Definition extends Partial<Readonly<Record<(typeof MEMBERS)[number], readonly Declaration[]>>> {
  readonly hasBody?: boolean;
}

const MEMBERS = ["constructors", "properties", "methods", "callSignatures", "indexSignatures"] as const;

/** The docs of all entry points, by what these are imported as. */
export async function readDocs(): Promise<ReadonlyMap<string, ModuleDocs>> {
  const root = new URL("../../", import.meta.url);
  const exports = Object.entries(await readExports());
  const paths = exports.map(([, path]) => path);
  const { code, stdout, stderr } = await runCommandIn(root.pathname, "deno", "doc", "--json", ...paths);
  if (code !== 0) throw new Error(`Cannot read the docs: ${stderr}`);
  const { nodes }: { nodes: Readonly<Record<string, ModuleDocs>> } = JSON.parse(stdout);
  return new Map(exports.map(([subpath, path]) => {
    const docs = nodes[new URL(path, root).href];
    if (docs === undefined) throw new Error(`Cannot read the docs of ${path}, because deno doc gives none`);
    return [subpath, docs];
  }));
}

/** The code of the examples in the docs of the module that run as tests. */
export function findExamples({ module_doc }: ModuleDocs): readonly string[] {
  const examples = module_doc?.tags?.filter(({ kind }) => kind === "example") ?? [];
  // Whatever else is behind `ts` may tell the test runner to leave the example alone.
  return examples.flatMap(({ doc = "" }) => [...doc.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code));
}

/**
 * What an entry point exports and says nothing about: symbols, and members of classes and interfaces. An alias explains
 * its members in its own sentence.
 */
export function findUndocumented({ symbols }: ModuleDocs): readonly string[] {
  return symbols.flatMap(({ name, declarations }) => [
    // What is a reference is exported, and documented, by another entry point.
    ...silent(declarations.filter(({ kind }) => kind !== "reference")).map(() => name),
    ...declarations.flatMap(({ def = {} }) => MEMBERS.flatMap((kind) => silent(def[kind] ?? [])))
      .map((member) => `${name}.${member.name ?? "()"}`),
  ]);
}

/** Those of the declarations that say nothing, but should. */
function silent(declarations: readonly Declaration[]): readonly Declaration[] {
  return declarations.filter((declaration) => {
    const { name, jsDoc, accessibility, functionDef, def } = declaration;
    const isOverloaded = declarations.filter((other) => other.name === name).length > 1;
    const hasBody = functionDef?.hasBody === true || def?.hasBody === true;
    // Nobody sees the implementation of what has overloads.
    return (jsDoc?.doc ?? "").trim() === "" && accessibility !== "private" && !(isOverloaded && hasBody);
  });
}
