import { PostgresServer } from "../../tests/tools/postgres_server.ts";
import { TemporaryFolder } from "../../tests/tools/temporary_folder.ts";
import type { Contestant } from "./contestants.ts";
import { RestateServer } from "./restate_server.ts";
import { ask, writtenBy, writtenToLog } from "./written.ts";

const START_TIMEOUT_MS = 30_000;

/** The folder and the servers that the contestants work in. */
export class Places implements AsyncDisposable {
  readonly #folder: TemporaryFolder;
  readonly #postgres: PostgresServer | Missing;
  readonly #restate: RestateServer | Missing;

  private constructor(folder: TemporaryFolder, postgres: PostgresServer | Missing, restate: RestateServer | Missing) {
    this.#folder = folder;
    this.#postgres = postgres;
    this.#restate = restate;
  }

  /** Starts what the contestants need; what does not start here is left out, with the reason. */
  static async open(contestants: readonly Contestant[]): Promise<Places> {
    const folder = await TemporaryFolder.create();
    const needs = (writes: Contestant["writes"]) => contestants.some((contestant) => contestant.writes === writes);
    const postgres = needs("postgres") ? await orMissing(PostgresServer.start()) : NOT_ASKED;
    const restate = needs("restate")
      ? await orMissing(
        RestateServer.start(`${folder.path}/restate`, START_TIMEOUT_MS),
      )
      : NOT_ASKED;
    return new Places(folder, postgres, restate);
  }

  /** Where a contestant works; throws where it cannot work here. */
  of({ writes }: Contestant): string {
    switch (writes) {
      case "nowhere":
      case "process":
        return this.#folder.path;
      case "postgres":
        return present(this.#postgres).url;
      case "restate":
        return JSON.stringify(present(this.#restate).place);
    }
  }

  /** How many bytes have been written so far for a contestant in a process; `NaN` if that cannot be known. */
  async written({ writes }: Contestant, pid: number): Promise<number> {
    switch (writes) {
      case "nowhere":
        return NaN;
      case "process":
        return await writtenBy(pid);
      case "postgres":
        return await writtenToLog(present(this.#postgres).url);
      case "restate":
        return await writtenBy(present(this.#restate).pid);
    }
  }

  async postgresVersion(): Promise<string> {
    if ("why" in this.#postgres) return "none";
    return String(
      await ask(
        this.#postgres.url,
        "SELECT current_setting('server_version') AS answer",
      ),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!("why" in this.#restate)) await this.#restate[Symbol.asyncDispose]();
    if (!("why" in this.#postgres)) await this.#postgres[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

/** A server that is not there. */
interface Missing {
  readonly why: string;
}

const NOT_ASKED: Missing = { why: "nobody asked for it" };

async function orMissing<Server>(start: Promise<Server | null>): Promise<Server | Missing> {
  try {
    return await start ?? { why: "there is no such server here" };
  } catch (error) {
    return { why: String(error) };
  }
}

function present<Server extends object>(server: Server | Missing): Server {
  if ("why" in server) throw new Error(server.why);
  return server;
}
