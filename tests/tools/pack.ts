/**
 * Makes the npm package, `stepstream-workflow-<version>.tgz`, in the folder that is given, which need not be there, or
 * else in this one.
 *
 * `deno pack` makes its modules, declarations and manifest. Modules are what bundlers want, who take just those that
 * are used. To load a hundred of them takes a cold Node far longer than to run them, so for Node (and Bun, and Deno's
 * npm) they are there once more, bundled: a file an entry point, with what several share in files beside them, so that
 * a class is the same whichever way it is imported.
 *
 * @module
 */

import { runCommandIn } from "./run_command.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** What npm and bundlers want to know and `deno.json` has no place for. */
const MANIFEST = {
  repository: { type: "git", url: "git+https://github.com/stepstream/workflow.git" },
  keywords: ["workflow", "engine", "streaming", "events", "sse", "durable", "typescript"],
  engines: { node: ">=20" },
  sideEffects: false,
  publishConfig: { access: "public" },
};

/** The streams' types are `AsyncDisposable`, which TypeScript knows by default only for a newer language than ours. */
const TYPES_HEADER = '/// <reference lib="esnext.disposable" />\n';

/** Where the bundles for Node are in the package. */
const BUNDLES = "node";

/** What the root loads with the first run in a store. */
const LATER = "src/engine/stored_parts.js";

/** What of `package.json` is read here. */
interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string; readonly import: string }>>;
}

/** Makes the package in the folder and answers the tarball's name. */
async function pack(destination: string): Promise<string> {
  // By a program: that folder may be anywhere, and this one may write below /tmp alone.
  await run(".", "mkdir", "-p", "--", destination);
  await using folder = await TemporaryFolder.create();
  await run(".", "deno", "pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", `${folder.path}/raw.tgz`);
  await run(folder.path, "tar", "--extract", "--gzip", "--file", "raw.tgz");
  const root = `${folder.path}/package`;
  const manifest: Manifest = JSON.parse(await Deno.readTextFile(`${root}/package.json`));
  const entries = Object.values(manifest.exports);
  await bundleModules(root, entries.map(({ import: path }) => path));
  // Fails where `deno pack` has left one out, which to itself is only a warning.
  for (const { types } of entries) {
    await Deno.writeTextFile(`${root}/${types}`, TYPES_HEADER + await Deno.readTextFile(`${root}/${types}`));
  }
  await Deno.writeTextFile(`${root}/package.json`, await describe(manifest));
  return (await run(".", "npm", "pack", root, "--pack-destination", destination, "--loglevel", "error")).trim();
}

/** Makes the bundles, each at the path of its entry point. */
async function bundleModules(root: string, entries: readonly string[]): Promise<void> {
  // All that the root has is in one file, which all of them load: with a file for every set of entry points that have
  // something in common, there would be many, and each costs a cold start half a millisecond or more. The client alone
  // is slower for it.
  const later = await Deno.readTextFile(`${root}/${LATER}`);
  await Deno.writeTextFile(`${root}/${LATER}`, `${later}import "../../mod.js";\n`);
  for (const entry of entries) {
    const up = "../".repeat(entry.split("/").length - 1);
    await Deno.mkdir(`${root}/entries/${entry}`.replace(/[^/]+$/, ""), { recursive: true });
    await Deno.writeTextFile(
      `${root}/entries/${entry}`,
      `import "${up}mod.js";\nexport * from "${up}${entry.slice(2)}";\n`,
    );
  }
  const options = ["--quiet", "--no-config", "--no-lock", "--platform", "browser", "--code-splitting"];
  // In that folder: the bundles name the modules by their paths from here.
  await run(root, "deno", "bundle", ...options, "--outdir", BUNDLES, ...entries.map((entry) => `entries/${entry}`));
  await Deno.writeTextFile(`${root}/${LATER}`, later);
  await Deno.remove(`${root}/entries`, { recursive: true });
  for (const path of await findModules(`${root}/${BUNDLES}`)) {
    const code = await Deno.readTextFile(`${root}/${BUNDLES}/${path}`);
    // A class that names itself has got an underscore, which whoever prints one of its objects would see.
    await Deno.writeTextFile(`${root}/${BUNDLES}/${path}`, code.replaceAll(/\b_(?=[A-Z])/g, ""));
  }
}

/** The paths of the modules in a folder and the folders in it. */
async function findModules(root: string, folder = ""): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    if (isDirectory) paths.push(...await findModules(root, `${folder}${name}/`));
    else if (name.endsWith(".js")) paths.push(`${folder}${name}`);
  }
  return paths.sort();
}

/** The text of `package.json`. */
async function describe(manifest: Manifest): Promise<string> {
  const { description } = JSON.parse(await Deno.readTextFile("deno.json"));
  const exports = Object.fromEntries(
    Object.entries(manifest.exports).map(([subpath, { types, ...modules }]) => [
      subpath,
      // The first condition that is met counts.
      { types, node: modules.import.replace(".", `./${BUNDLES}`), ...modules },
    ]),
  );
  return `${JSON.stringify({ ...manifest, exports, description, ...MANIFEST }, null, 2)}\n`;
}

async function run(folder: string, command: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommandIn(folder, command, ...args);
  if (code !== 0) {
    throw new Error(`Cannot pack, because ${command} has failed: ${`${stderr}${stdout}`.trim() || `code ${code}`}`);
  }
  return stdout;
}

const [destination = "."] = Deno.args;
try {
  const name = await pack(destination);
  // deno-lint-ignore no-console -- the name of the file is what the command is asked for
  console.log(name);
} catch (error) {
  // deno-lint-ignore no-console -- whoever asked for the file can do more with the reason than with a stack
  console.error(error instanceof Error ? error.message : error);
  Deno.exitCode = 1;
}
