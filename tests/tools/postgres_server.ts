import { type MissingOptions, reportMissing } from "./missing.ts";

/** Where to look for Postgres. */
export interface StartPostgresOptions extends MissingOptions {
  /** The folder that holds a folder of each version. Default: that of the Debian packages. */
  readonly root?: string;
}

/** A Postgres of its own in a temporary folder, which is gone when the block that declared it is left. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #binaries: string;

  private constructor(folder: string, binaries: string, port: number) {
    this.#folder = folder;
    this.#binaries = binaries;
    this.port = port;
    this.url = `postgres://tester@127.0.0.1:${port}/postgres`;
  }

  /** Starts a server on a free port; `null`, and loud, where there is none and none is required. */
  static async start(options: StartPostgresOptions = {}): Promise<PostgresServer | null> {
    const { root = "/usr/lib/postgresql" } = options;
    const binaries = await findBinaries(root);
    if (binaries === null) return reportMissing("Postgres", `there is no server in ${root}`, options);
    // Made by the one who runs the server, whom the folder has to belong to.
    const folder = (await run("mktemp", ["-d", "/tmp/stepstream_postgres_XXXXXX"])).trim();
    try {
      await run(`${binaries}/initdb`, ["-D", `${folder}/data`, "-U", "tester", "-A", "trust", "-E", "UTF8", "-N"]);
      const port = freePort();
      const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c fsync=on -c max_connections=50`;
      await run(`${binaries}/pg_ctl`, ["-D", `${folder}/data`, "-o", settings, "-l", `${folder}/log`, "-w", "start"]);
      return new PostgresServer(folder, binaries, port);
    } catch (error) {
      await run("rm", ["-rf", folder]);
      throw error;
    }
  }

  /** Stops the server, whose process id is in its folder, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run(`${this.#binaries}/pg_ctl`, ["-D", `${this.#folder}/data`, "-m", "immediate", "-w", "stop"]);
    await run("rm", ["-rf", this.#folder]);
  }
}

async function findBinaries(root: string): Promise<string | null> {
  const versions: number[] = [];
  try {
    for await (const { name } of Deno.readDir(root)) if (/^\d+$/.test(name)) versions.push(Number(name));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return versions.length === 0 ? null : `${root}/${Math.max(...versions)}/bin`;
}

/** A port that nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Runs a program; as the user `postgres` if we are root, for whom the server does not start. */
async function run(command: string, args: readonly string[]): Promise<string> {
  const whole = [command, ...args];
  // `env` keeps the permission to one name, whatever the version of Postgres is.
  const words = await isRoot() ? ["runuser", "-u", "postgres", "--", ...whole] : whole;
  const { code, stdout, stderr } = await new Deno.Command("env", { args: words, cwd: "/tmp", stdin: "null" }).output();
  const decoder = new TextDecoder();
  if (code !== 0) throw new Error(`Cannot run ${command}, because it failed: ${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

async function isRoot(): Promise<boolean> {
  // `Deno.uid()` would need a permission for it alone.
  const { stdout } = await new Deno.Command("env", { args: ["id", "-u"], stdin: "null" }).output();
  return new TextDecoder().decode(stdout).trim() === "0";
}
