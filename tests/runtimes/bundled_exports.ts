import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

const ROOT = new URL("../../", import.meta.url);

/** What `exports` in `deno.json` offers, by its path there, e.g. `./sse`: the file. */
export async function readExports(): Promise<ReadonlyMap<string, string>> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries: [string, unknown][] = Object.entries(exports);
  return new Map(entries.map(([subpath, file]) => [subpath, String(file)]));
}

/** Every export bundled into a file of its own, each in the way of a browser's bundler. */
export class BundledExports implements AsyncDisposable {
  /** The files, by the path of the export. */
  readonly files: ReadonlyMap<string, string>;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder, files: ReadonlyMap<string, string>) {
    this.#folder = folder;
    this.files = files;
  }

  static async create(): Promise<BundledExports> {
    const folder = await TemporaryFolder.create();
    const exports = await readExports();
    const paths = Array.from(exports.values(), (file) => new URL(file, ROOT).pathname);
    const { code, stderr } = await runCommand(
      "deno",
      "bundle",
      "--quiet",
      "--platform",
      "browser",
      "--outdir",
      folder.path,
      ...paths,
    );
    if (code !== 0) throw new Error(`Cannot bundle the exports: ${stderr}`);
    const bundled = Array.from(
      exports,
      ([subpath, file]): [string, string] => [subpath, `${folder.path}/${file.replace(/\.ts$/, ".js")}`],
    );
    return new BundledExports(folder, new Map(bundled));
  }

  /** Writes a file beside the bundles. */
  write(name: string, text: string): Promise<string> {
    return this.#folder.write(name, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
