import { runCommand } from "../tools/run_command.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

/** The file that knows the command which packs. */
export const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
/** Packages that a consumer uses beside it, the same for everybody who runs it. */
export const OTHER_PACKAGES = ["@types/node@20.19.25", "sql.js@1.16.0"] as const;

/** A folder that was empty before the npm package, made of this checkout, was installed in it. */
export class NpmProject implements AsyncDisposable {
  /** Where the package is, and nothing else of ours. */
  readonly packagePath: string;
  /** The tarball that was installed. */
  readonly tarball: string;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder, tarball: string) {
    this.#folder = folder;
    this.tarball = tarball;
    this.packagePath = `${folder.path}/node_modules/@stepstream/workflow`;
  }

  /** Packs, by the command that the README gives, and installs by npm. */
  static async create(): Promise<NpmProject> {
    const folder = await TemporaryFolder.create();
    try {
      // A folder that is not there yet, as somebody may name one.
      const packs = `${folder.path}/packs/today`;
      const name = await run("deno", "task", "--quiet", "--config", CONFIG, "pack", packs);
      const tarball = `${packs}/${name.trim()}`;
      await folder.write("package.json", '{ "private": true, "type": "module" }');
      await run("npm", "install", "--prefix", folder.path, "--no-audit", "--no-fund", tarball, ...OTHER_PACKAGES);
      return new NpmProject(folder, tarball);
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Copies a file of the folder `consumer` to where it finds the installed package; answers its path. */
  async copy(name: string): Promise<string> {
    return await this.write(name, await readConsumer(name));
  }

  /** Writes a file to where it finds the installed package; answers its path. */
  async write(name: string, text: string): Promise<string> {
    return await this.#folder.write(name, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A file of the folder `consumer`. */
export async function readConsumer(name: string): Promise<string> {
  return await Deno.readTextFile(new URL(`consumer/${name}`, import.meta.url));
}

/** Runs a program that has to succeed and answers what it prints. */
export async function run(command: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(command, ...args);
  if (code !== 0) throw new Error(`Cannot go on, because ${command} ${args[0]} has failed: ${stderr}${stdout}`);
  return stdout;
}
