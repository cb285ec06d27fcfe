import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readExports } from "../tools/entry_points.ts";
import { launchChromium } from "../tools/launch_chromium.ts";
import { LocalServer } from "../tools/local_server.ts";
import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { BundledExports } from "./bundled_exports.ts";
import { findCommand, type NodeLike } from "../tools/find_command.ts";
import { startWorkerd } from "./workerd.ts";

/** What modules export, by the path of each. */
type Names = Readonly<Record<string, readonly string[]>>;

/** Imports every bundle, and answers what is in it; `null` where there is no such runtime. */
type ImportAll = (bundles: BundledExports) => Promise<Names | null>;

const IMPORT_ALL: Readonly<Record<string, ImportAll>> = {
  "Node 20": (bundles) => importInNode("Node 20", bundles),
  "Bun": (bundles) => importInNode("Bun", bundles),
  "workerd": importInWorkerd,
  "Chromium": importInChromium,
};

/** The source's exports, which is what Deno imports. */
async function importInDeno(): Promise<Names> {
  const names: [string, string[]][] = [];
  for (const subpath of Object.keys(await readExports())) {
    names.push([subpath, Object.keys(await import(`@stepstream/workflow${subpath.slice(1)}`)).sort()]);
  }
  return Object.fromEntries(names);
}

async function importInNode(name: NodeLike, bundles: BundledExports): Promise<Names | null> {
  const command = await findCommand(name);
  if (command === null) return null;
  const script = await bundles.write(
    "import_all.mjs",
    `const names = {};
for (const [subpath, file] of ${
      JSON.stringify([...bundles.files])
    }) names[subpath] = Object.keys(await import(file)).sort();
console.log(JSON.stringify(names));`,
  );
  const { code, stdout, stderr } = await runCommand(...command, script);
  if (code !== 0) throw new Error(`It ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** They are loaded with the Worker, where all that is not pure throws. */
async function importInWorkerd(bundles: BundledExports): Promise<Names | null> {
  const entries = [...bundles.files];
  const worker = await bundles.write(
    "worker.mjs",
    entries.map((_entry, index) => `import * as e${index} from "./e${index}.mjs";\n`).join("") +
      `const all = { ${entries.map(([subpath], index) => `${JSON.stringify(subpath)}: e${index}`).join(", ")} };
const names = Object.entries(all).map(([subpath, module]) => [subpath, Object.keys(module).sort()]);
export default { fetch: () => Response.json(Object.fromEntries(names)) };`,
  );
  const modules = entries.map(([, file], index) => [`e${index}.mjs`, file]);
  await using server = await startWorkerd({ "worker.mjs": worker, ...Object.fromEntries(modules) });
  return server === null ? null : await (await fetch(server.line)).json();
}

async function importInChromium(bundles: BundledExports): Promise<Names | null> {
  await using browser = await launchChromium();
  if (browser === null) return null;
  await using site = new LocalServer(async (request) => {
    const file = bundles.files.get(new URL(request.url).searchParams.get("subpath") ?? "");
    return file === undefined
      ? new Response("<!doctype html>", { headers: { "content-type": "text/html" } })
      : new Response(await Deno.readTextFile(file), { headers: { "content-type": "text/javascript" } });
  });
  const page = await browser.newPage();
  await page.goto(site.origin);
  return await page.evaluate(`(async () => {
    const names = {};
    for (const subpath of ${JSON.stringify([...bundles.files.keys()])}) {
      names[subpath] = Object.keys(await import("/?subpath=" + encodeURIComponent(subpath))).sort();
    }
    return names;
  })()`);
}

for (const [runtime, importAll] of Object.entries(IMPORT_ALL)) {
  Deno.test(`${runtime} imports every export of the package`, async (t) => {
    const expected = await importInDeno();
    await using bundles = await BundledExports.create();

    const names = await importAll(bundles);

    if (names === null) return;
    assert("." in expected);
    for (const [subpath, exported] of Object.entries(expected)) {
      await t.step(subpath, () => assertEquals(names[subpath], exported));
    }
  });
}

Deno.test("workerd refuses what is not pure while it loads a module, so all of the exports are", async () => {
  await using folder = await TemporaryFolder.create();
  const worker = await folder.write(
    "worker.mjs",
    "crypto.randomUUID();\nexport default { fetch: () => new Response() };",
  );

  let refusal: unknown = null;
  try {
    await using server = await startWorkerd({ "worker.mjs": worker });
    if (server === null) return;
  } catch (error) {
    refusal = error;
  }

  assertStringIncludes(String(refusal), "Disallowed operation");
});
