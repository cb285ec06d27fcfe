import { readExports } from "../tools/entry_points.ts";
import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

const ROOT = new URL("../../", import.meta.url);

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
    const exports = Object.entries(await readExports());
    const paths = exports.map(([, file]) => new URL(file, ROOT).pathname);
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
    const files = exports.map(([subpath, file]) =>
      [subpath, `${folder.path}/${file.replace(/\.ts$/, ".js")}`] as const
    );
    return new BundledExports(folder, new Map(files));
  }

  /** Writes a file beside the bundles. */
  write(name: string, text: string): Promise<string> {
    return this.#folder.write(name, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
