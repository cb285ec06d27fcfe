import { median } from "../tools/measure.ts";
import type { Item, Measured } from "./items/item.ts";

/** What a process that runs one step of one peer costs, bundled as a user would. */
export const COLD_START: Pick<Item, "name" | "metrics" | "skill"> = {
  name: "cold-start",
  skill: "chain",
  metrics: {
    ms: { title: "cold process, bundled, above an empty one", unit: "ms", isDifference: true },
    size: { title: "bundle, min+gz", unit: "KB" },
  },
};

const EMPTY = "empty";

/**
 * Bundles and minifies a program for each of the peers' files, then starts them in turns, an empty program among them.
 * `config` are the options of `deno` that find the peers' packages.
 */
export async function measureColdStarts(
  files: readonly string[],
  rounds: number,
  config: readonly string[],
): Promise<Map<string, Measured>> {
  const folder = await Deno.makeTempDir({ prefix: "stepstream_peers_" });
  try {
    await Deno.writeTextFile(`${folder}/${EMPTY}.js`, "");
    const sizes = new Map<string, number>();
    for (const file of files) sizes.set(file, await bundle(file, folder, config));

    const times = new Map<string, number[]>([EMPTY, ...files].map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, list] of times) list.push(await timeProcess(`${folder}/${name}.js`));
    }
    const emptyTimes = times.get(EMPTY) ?? [];
    return new Map(files.map((file) => {
      // Round by round, so that what else the machine does meets both sides of a difference.
      const ms = median((times.get(file) ?? []).map((time, round) => time - (emptyTimes[round] ?? NaN)));
      return [file, { ms, size: (sizes.get(file) ?? NaN) / 1_024 }];
    }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes the bundle of a program that runs one step, and answers its zipped size in bytes. */
async function bundle(file: string, folder: string, config: readonly string[]): Promise<number> {
  const program = `${folder}/${file}.ts`;
  await Deno.writeTextFile(
    program,
    `import peer from ${JSON.stringify(import.meta.resolve(`./${file}.ts`))};
for await (const _event of await peer.chain(1, (n) => n + 1)());
Deno.exit();
`,
  );
  const bundled = `${folder}/${file}.js`;
  await run("bundle", "--quiet", "--minify", ...config, "-o", bundled, program);
  const zipped = (await Deno.open(bundled)).readable.pipeThrough(new CompressionStream("gzip"));
  return (await new Response(zipped).arrayBuffer()).byteLength;
}

async function timeProcess(script: string): Promise<number> {
  const startedAt = performance.now();
  await run("run", "--no-prompt", "--no-config", "--allow-read", "--allow-env", "--allow-sys", script);
  return performance.now() - startedAt;
}

async function run(...args: readonly string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("deno", {
    args: [...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  if (code !== 0) throw new Error(`Cannot run deno ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}
