/**
 * Serves the link checker on this machine.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { createApp } from "./create_app.ts";
import { resolveHost } from "./resolve_host.ts";
import { complain, say } from "./say.ts";

const USAGE = `Usage: deno task start [options]

Options:
  --port <number>   Where to listen. Default: the variable PORT, or 8000
  --allow-private   Let it check private and local addresses too
  --help            Show this
`;

/** Serves until SIGINT; answers the exit code. */
async function serve(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") return complain(options, 2);
  if (options.isHelp) return say(USAGE);

  const shutdown = new AbortController();
  const app = createApp({
    guard: { resolve: resolveHost, allowPrivate: options.allowPrivate },
    signal: shutdown.signal,
  });
  try {
    const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
      { port: options.port, hostname: "127.0.0.1", onListen: welcome },
      (request) => isForThisServer(request, server.addr.port) ? app.fetch(request) : refuse(server.addr),
    );
    const stop = (): void => {
      // A second Ctrl-C ends the process at once.
      Deno.removeSignalListener("SIGINT", stop);
      shutdown.abort(new ShutdownError("The server is shutting down"));
      // A rejection would show in `finished`, which is awaited below.
      server.shutdown().catch(() => {});
    };
    Deno.addSignalListener("SIGINT", stop);
    await server.finished;
    return say("\nStopped.\n");
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return complain(`Port ${options.port} is taken. Choose another: PORT=8001 deno task start`, 1);
  }
}

interface ServerOptions {
  readonly port: number;
  readonly allowPrivate: boolean;
  readonly isHelp: boolean;
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): ServerOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { "port": { type: "string" }, "allow-private": { type: "boolean" }, "help": { type: "boolean" } },
    });
    const port = values.port ?? Deno.env.get("PORT") ?? "8000";
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return `The port must be a number up to 65535: ${port}`;
    return { port: Number(port), allowPrivate: values["allow-private"] ?? false, isHelp: values.help ?? false };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why the runs that are left are cancelled. */
class ShutdownError extends Error {
  override readonly name = "ShutdownError";
}

/** False for a page whose name was turned to this machine after a browser had loaded it: DNS rebinding. */
function isForThisServer(request: Request, port: number): boolean {
  const host = request.headers.get("host")?.toLowerCase();
  // Clients leave the port out where it is the one of `http:`.
  return ["127.0.0.1", "localhost"].some((name) => host === `${name}:${port}` || port === 80 && host === name);
}

function refuse(address: Deno.NetAddr): Response {
  const problem = { title: "Forbidden", status: 403, detail: `This server is for ${urlOf(address)} only` };
  return new Response(`${JSON.stringify(problem)}\n`, {
    status: 403,
    headers: { "content-type": "application/problem+json" },
  });
}

function urlOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${hostname}:${port}/`;
}

function welcome(address: Deno.NetAddr): void {
  const url = urlOf(address);
  say(`The link checker is ready.

  Open in a browser   ${url}
  Or watch it here    curl -N ${url}check

Ctrl-C stops it.
`);
}

// At the end, when all above is defined.
if (import.meta.main) {
  const code = await serve(Deno.args);
  if (code !== 0) Deno.exit(code);
}
