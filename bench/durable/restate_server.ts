import { RESTATE_SERVER } from "./deno_flags.ts";

/** Where a Restate server and the service of a process are found. */
export interface RestatePlace {
  readonly ingressUrl: string;
  readonly adminUrl: string;
  /** The same for every process, so that the server finds the one after a crash. */
  readonly servicePort: number;
}

/** A Restate server of its own, in a folder that is the caller's. */
export class RestateServer implements AsyncDisposable {
  readonly place: RestatePlace;
  readonly pid: number;
  readonly #process: Deno.ChildProcess;

  private constructor(process: Deno.ChildProcess, place: RestatePlace) {
    this.#process = process;
    this.pid = process.pid;
    this.place = place;
  }

  /** Starts the server and waits until it is healthy; rejects with the reason where it does not run. */
  static async start(folder: string, timeoutMs: number): Promise<RestateServer> {
    const binary = findBinary();
    await Deno.stat(binary);
    const [ingress, admin, fabric, servicePort] = [
      freePort(),
      freePort(),
      freePort(),
      freePort(),
    ] as const;
    const process = new Deno.Command("env", {
      args: [binary, "--base-dir", folder, "--listen-mode", "tcp", "--no-logo"],
      env: {
        RESTATE_BIND_IP: "127.0.0.1",
        RESTATE_BIND_PORT: String(fabric),
        RESTATE_INGRESS__BIND_PORT: String(ingress),
        RESTATE_ADMIN__BIND_PORT: String(admin),
        RESTATE_LOG_FILTER: "error",
        RESTATE_DISABLE_TELEMETRY: "true",
        DO_NOT_TRACK: "1",
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const server = new RestateServer(process, {
      ingressUrl: `http://127.0.0.1:${ingress}`,
      adminUrl: `http://127.0.0.1:${admin}`,
      servicePort,
    });
    try {
      await server.#becomeHealthy(timeoutMs);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
  }

  async #becomeHealthy(timeoutMs: number): Promise<void> {
    const { ingressUrl, adminUrl } = this.place;
    const until = performance.now() + timeoutMs;
    while (
      !(await isHealthy(`${adminUrl}/health`) &&
        await isHealthy(`${ingressUrl}/restate/health`))
    ) {
      if (performance.now() > until) {
        throw new Error(
          `Cannot use Restate: its server was not up in ${timeoutMs} ms`,
        );
      }
      // There is nothing to wait for but that it answers.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The server's program: its package has one for each platform beside it. */
function findBinary(): string {
  const launcher = new URL(import.meta.resolve(RESTATE_SERVER)).pathname;
  const arch = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const platform = launcher.replace(
    /(restate-server)(\/[^/]+\/).*$/,
    `$1-${Deno.build.os}-${arch}$2`,
  );
  return `${platform}bin/restate-server`;
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Nobody listens there yet.
    return false;
  }
}
