/**
 * Workers in a workerd of their own: a process that can be killed in the midst of whatever it does and started again at
 * its address, on its storage. That is what Durable Objects have to outlive.
 *
 * What has to hold on every runtime is tried in the workerd of miniflare instead (`tests/runtimes/workerd.ts`): that is
 * what `wrangler dev` runs a Worker in, with a proxy before it, but it keeps the process to itself.
 *
 * @module
 */

import { bundle } from "./bundle.ts";
import { reportMissing } from "./missing.ts";
import { runCommand } from "./run_command.ts";
import type { TemporaryFolder } from "./temporary_folder.ts";
import { readWranglerConfig } from "./wrangler_config.ts";

/** What a worker is made of. */
export interface WorkerOptions {
  /** Its module in the repository. */
  readonly entryPoint: string;
  /** The classes of its Durable Objects, by the name of the binding. */
  readonly objects: Readonly<Record<string, string>>;
  /** The binding `PROBE` leads to this server on this machine. Default: it has none. */
  readonly probe?: string;
  /** Default: {@linkcode WORKER_FLAGS}. */
  readonly flags?: readonly string[];
}

/** What a worker needs to hear of clients that leave. */
export const WORKER_FLAGS: readonly string[] = ["enable_request_signal"];

/**
 * The path of the workerd that miniflare brings. Where there is none it throws if `CI` is set; elsewhere it says loudly
 * that a test is skipped, and answers `null`.
 */
export async function findWorkerd(): Promise<string | null> {
  const lock: unknown = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
  const packages = Object.keys(Object(Reflect.get(Object(lock), "npm")));
  const system = `${Deno.build.os}-${Deno.build.arch === "aarch64" ? "arm64" : "64"}`;
  const name = packages.find((name) => name.startsWith(`@cloudflare/workerd-${system}@`)) ?? "";
  const { stdout } = await runCommand("deno", "info", "--json");
  const cache = String(Reflect.get(Object(JSON.parse(stdout)), "npmCache"));
  const path = `${cache}/registry.npmjs.org/${name.replace(/@(?=[^@]+$)/, "/")}/bin/workerd`;
  if (await isFile(path)) return path;
  await runCommand("deno", "cache", "--quiet", "npm:miniflare@^4.20260730.0");
  if (await isFile(path)) return path;
  return reportMissing("workerd", `there is no ${path}`);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A Worker with its Durable Objects in a workerd of its own, whose storage is in a folder and outlives it. */
export class WorkerdProcess implements AsyncDisposable {
  readonly origin: string;
  readonly port: number;
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<void>;

  private constructor(child: Deno.ChildProcess, port: number, output: Promise<void>) {
    this.#child = child;
    this.#output = output;
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
  }

  /** Starts it; on the same port as the one before it, if that is given. */
  static async start(folder: WorkerFolder, port = 0): Promise<WorkerdProcess> {
    const child = new Deno.Command("env", {
      args: [
        folder.workerd,
        "serve",
        "--experimental",
        "--control-fd=1",
        `--socket-addr=http=127.0.0.1:${port}`,
        folder.config,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const { promise: listening, resolve, reject } = Promise.withResolvers<number>();
    const output = (async () => {
      for await (const line of child.stdout.pipeThrough(new TextDecoderStream())) {
        const [, text] = /"event":"listen","socket":"http","port":(\d+)/.exec(line) ?? [];
        if (text !== undefined) resolve(Number(text));
      }
      reject(new Error("workerd ended before it listened"));
    })();
    return new WorkerdProcess(child, await listening, output);
  }

  /** Kills it in the midst of whatever it does. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
    await this.#child.status;
    await this.#output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** Where a worker's code, configuration and storage are. */
export interface WorkerFolder {
  readonly workerd: string;
  readonly config: string;
}

/** Bundles a worker and writes all that workerd needs into the folder; `null` where there is no workerd. */
export async function prepareWorker(folder: TemporaryFolder, options: WorkerOptions): Promise<WorkerFolder | null> {
  const workerd = await findWorkerd();
  if (workerd === null) return null;
  const { compatibility_date: date } = await readWranglerConfig();
  await folder.write("worker.js", await bundle(options.entryPoint));
  await Deno.mkdir(`${folder.path}/storage`, { recursive: true });
  return { workerd, config: await folder.write("config.capnp", toConfig(folder.path, date, options)) };
}

function toConfig(path: string, date: string, { objects, probe, flags = WORKER_FLAGS }: WorkerOptions): string {
  const classes = [...new Set(Object.values(objects))];
  const bindings = Object.entries(objects).map(([name, className]) =>
    `(name = "${name}", durableObjectNamespace = "${className}")`
  );
  if (probe !== undefined) bindings.push(`(name = "PROBE", service = "probe")`);
  const probeService = probe === undefined
    ? ""
    : `(name = "probe", external = (address = "${new URL(probe).host}", http = ())),`;
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "disk", disk = (path = "${path}/storage", writable = true)),
    ${probeService}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = ${JSON.stringify(flags)},
  durableObjectNamespaces = [
    ${classes.map((name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`).join(",\n    ")}
  ],
  durableObjectStorage = (localDisk = "disk"),
  bindings = [${bindings.join(", ")}],
);
`;
}
