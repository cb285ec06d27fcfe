import { type MissingOptions, reportMissing } from "./missing.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** How the proxy is set up. The rest is as a person has it who has written `proxy_pass` and the host. */
export interface NginxOptions extends MissingOptions {
  /** Whether it compresses JSON and events. Default: false. */
  readonly isCompressing?: boolean;
  /** Whether it may gather answers before it passes them on. Default: true, as nginx has it. */
  readonly isBuffering?: boolean;
  /** How long the server behind it may be silent, in ms. Default: 60 000, as nginx has it. */
  readonly readTimeoutMs?: number;
  /** What it speaks with the server behind it. Default: 1.0, as nginx has it. */
  readonly httpVersion?: "1.0" | "1.1";
  /** Where the program is. Default: where the Debian packages put it. */
  readonly program?: string;
}

/** An nginx of its own before a server, for as long as it is in scope. */
export class Nginx implements AsyncDisposable {
  /** Its address, and the path below which it passes everything on: the server does not see this path. */
  readonly url: string;
  readonly #program: string;
  readonly #folder: TemporaryFolder;
  #process: NginxProcess | null = null;

  private constructor(program: string, folder: TemporaryFolder, port: number) {
    this.url = `http://127.0.0.1:${port}/api`;
    this.#program = program;
    this.#folder = folder;
  }

  /** Starts it on a free port; `null`, and loud, where there is none and none is required. */
  static async start(upstream: string, options: NginxOptions = {}): Promise<Nginx | null> {
    const { program = "/usr/sbin/nginx" } = options;
    if (!await isFile(program)) return reportMissing("nginx", `there is no ${program}`, options);
    const folder = await TemporaryFolder.create();
    const port = freePort();
    const nginx = new Nginx(program, folder, port);
    try {
      await folder.write("nginx.conf", configOf(folder.path, port, new URL(upstream).host, options));
      await nginx.startAgain();
    } catch (error) {
      await folder[Symbol.asyncDispose]();
      throw error;
    }
    return nginx;
  }

  /** Ends it at once, and with it all that is on its way through it. */
  async stop(): Promise<void> {
    const process = this.#process;
    this.#process = null;
    await process?.stop();
  }

  /** Starts it at the same address, once it was stopped. */
  async startAgain(): Promise<void> {
    this.#process = await NginxProcess.start(this.#program, this.#folder.path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#folder[Symbol.asyncDispose]();
  }
}

class NginxProcess {
  readonly #child: Deno.ChildProcess;
  readonly #listening = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;

  private constructor(program: string, folder: string) {
    this.#child = new Deno.Command(program, {
      args: ["-p", folder, "-c", `${folder}/nginx.conf`, "-e", "stderr"],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#readLog();
  }

  static async start(program: string, folder: string): Promise<NginxProcess> {
    const process = new NginxProcess(program, folder);
    await process.#listening.promise;
    return process;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  /** Reads to the end, which is when its workers are gone, too. */
  async #readLog(): Promise<void> {
    let log = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      // By then it has its port, and a connection waits until there is a worker to take it.
      if (log.includes("start worker process")) this.#listening.resolve();
    }
    await this.#child.status;
    this.#listening.reject(new Error(`Cannot start nginx, because it has ended: ${log}`));
  }
}

function configOf(folder: string, port: number, upstream: string, options: NginxOptions): string {
  const { isCompressing = false, isBuffering = true, readTimeoutMs = 60_000, httpVersion = "1.0" } = options;
  const temporaryPaths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  // Only root can start workers of another user, who could not see the folder; for anybody else the line means nothing.
  return `
    daemon off;
    user root;
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    events { worker_connections 512; }
    http {
      access_log off;
      ${temporaryPaths.join("\n      ")}
      gzip ${isCompressing ? "on" : "off"};
      gzip_min_length 0;
      gzip_types application/json application/x-ndjson text/event-stream;
      server {
        listen 127.0.0.1:${port};
        location /api/ {
          proxy_pass http://${upstream}/;
          proxy_http_version ${httpVersion};
          proxy_set_header Host $http_host;
          ${httpVersion === "1.0" ? "" : 'proxy_set_header Connection "";'}
          proxy_buffering ${isBuffering ? "on" : "off"};
          proxy_read_timeout ${readTimeoutMs}ms;
        }
      }
    }
  `;
}

/** A port that nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
