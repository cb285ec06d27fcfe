import type { RunStore } from "@stepstream/workflow";

/** The stores that several processes can use. */
export type StoreKind = "sqlite" | "deno-kv" | "postgres";

/** A store with what has to be closed after it. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: RunStore;
}

/** Opens the store at a place: a file, or the address of a server. Loads only what this kind of store needs. */
export async function openStore(kind: StoreKind, location: string): Promise<OpenedStore> {
  switch (kind) {
    case "sqlite": {
      const { DatabaseSync } = await import("node:sqlite");
      const { SqliteStore } = await import("@stepstream/workflow/stores/sqlite");
      const database = new DatabaseSync(location);
      const store = await SqliteStore.open(database);
      return { store, [Symbol.asyncDispose]: () => Promise.resolve(database.close()) };
    }
    case "deno-kv": {
      const { DenoKvStore } = await import("@stepstream/workflow/stores/deno-kv");
      const kv = await Deno.openKv(location);
      const store = await DenoKvStore.open(kv);
      return { store, [Symbol.asyncDispose]: () => Promise.resolve(kv.close()) };
    }
    case "postgres": {
      const { default: postgres } = await import("postgres");
      const { PostgresStore } = await import("@stepstream/workflow/stores/postgres");
      const sql = postgres(location, { max: 4, onnotice: () => {} });
      const store = await PostgresStore.open({
        query: (text, values) => sql.unsafe(text, values),
        listen: async (channel, heard) => (await sql.listen(channel, heard)).unlisten,
      });
      const close = async () => {
        await store.close();
        await sql.end();
      };
      return { store, [Symbol.asyncDispose]: close };
    }
  }
}
