/**
 * Serves the link checker on this machine.
 *
 * @module
 */

import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import type { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { createApp, type LinkCheckApp } from "./create_app.ts";
import { openDatabase } from "./open_database.ts";
import { resolveHost } from "./resolve_host.ts";
import { complain, say } from "./say.ts";

const USAGE = `Usage: deno task start [options]

Options:
  --port <number>   Where to listen. Default: the variable PORT, or 8000
  --db <file>       Where runs are kept, ":memory:" for nowhere. Default: link_check.sqlite
  --allow-private   Let it check private and local addresses too
  --help            Show this
`;

/** How long checks in progress may take to finish when the server stops; the rest start anew at the next start. */
const CLOSE_MS = 1_000;
/** How long clients may take to read the rest of their streams then. */
const STREAMS_END_MS = 2_000;

/**
 * How long one Ctrl-C may keep arriving: a terminal sends it to all processes of `npx deno task start`, and those
 * before this one pass it on.
 */
const SAME_KEY_MS = 300;

/** Serves until SIGINT; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") return complain(options, 2);
  if (options.isHelp) return say(USAGE);
  let database: DatabaseSync;
  try {
    database = openDatabase(options.db);
  } catch (error) {
    return complain(`Cannot keep runs in ${options.db}: ${reasonOf(error)}. Choose another file by --db`, 1);
  }
  try {
    return await serve(database, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    return complain(`Port ${options.port} is taken. Choose another: PORT=8001 deno task start`, 1);
  } finally {
    database.close();
  }
}

async function serve(database: DatabaseSync, { port, db, allowPrivate }: ServerOptions): Promise<number> {
  const store = await SqliteStore.open(database);
  const shutdown = new AbortController();
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve(
    { port, hostname: "127.0.0.1", onListen: () => {} },
    (request) => isForThisServer(request, server.addr.port) ? app.fetch(request) : refuse(server.addr),
  );
  // Requests come from the next turn of the event loop on, and need what is made in this one.
  const { app, runner }: LinkCheckApp = createApp({
    store,
    origins: OWN_NAMES.map((name) => new URL(`http://${name}:${server.addr.port}`).origin),
    guard: { resolve: resolveHost, allowPrivate },
    signal: shutdown.signal,
    onError: (error) => void complain(`Something went wrong: ${error}`, 1),
  });
  let stop: () => void = () => {};
  const interrupted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  Deno.addSignalListener("SIGINT", stop);
  // No other process uses the file, so runs that look held were left by a server that was killed.
  const resumed = await runner.recover({ isForced: true });
  welcome(server.addr, db, resumed);
  await interrupted;

  say("\nStopping.\n");
  setTimeout(() => {
    Deno.removeSignalListener("SIGINT", stop);
    say("Ctrl-C again stops at once.\n");
  }, SAME_KEY_MS);
  shutdown.abort(new ShutdownError("The server is shutting down"));
  const served = server.shutdown();
  await runner.close({ timeoutMs: CLOSE_MS });
  // A client that stops reading, or never ends its request, must not keep the server.
  await Promise.race([served, new Promise((resolve) => setTimeout(resolve, STREAMS_END_MS))]);
  return say("Stopped.\n");
}

interface ServerOptions {
  readonly port: number;
  readonly db: string;
  readonly allowPrivate: boolean;
  readonly isHelp: boolean;
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): ServerOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        "port": { type: "string" },
        "db": { type: "string", default: "link_check.sqlite" },
        "allow-private": { type: "boolean", default: false },
        "help": { type: "boolean", default: false },
      },
    });
    const port = values.port ?? Deno.env.get("PORT") ?? "8000";
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) return `The port must be a number up to 65535: ${port}`;
    if (values.db === "") return "The file of the runs must have a name";
    return { port: Number(port), db: values.db, allowPrivate: values["allow-private"], isHelp: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Why the checks that are left are cancelled. */
class ShutdownError extends Error {
  override readonly name = "ShutdownError";
}

const OWN_NAMES = ["127.0.0.1", "localhost"];

/** False for a page whose name was pointed at this machine after a browser had loaded it: DNS rebinding. */
function isForThisServer(request: Request, port: number): boolean {
  const host = request.headers.get("host")?.toLowerCase();
  // Clients leave out the port if it is the default one of `http:`.
  return OWN_NAMES.some((name) => host === `${name}:${port}` || port === 80 && host === name);
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

function welcome(address: Deno.NetAddr, db: string, resumed: number): void {
  const url = urlOf(address);
  const kept = db === ":memory:" ? "in memory, and end with this server" : `in ${db}, and go on at the next start`;
  const left = `${resumed} ${resumed === 1 ? "run" : "runs"} of an earlier server ${
    resumed === 1 ? "goes" : "go"
  } on.\n`;
  say(`The link checker is ready.

  Open in a browser   ${url}
  Or watch it here    curl -N ${url}check

Runs are kept ${kept}.
${resumed === 0 ? "" : left}Ctrl-C stops it.
`);
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "database is locked" ? "another server has it" : message;
}

// At the end, when everything above is defined.
if (import.meta.main) Deno.exit(await main(Deno.args));
