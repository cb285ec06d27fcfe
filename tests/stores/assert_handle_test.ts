import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { DurableObjectStore } from "@stepstream/workflow/stores/durable-object";
import { PostgresStore } from "@stepstream/workflow/stores/postgres";
import { SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { assertRejects } from "@std/assert";

const STORES = { DenoKvStore, DurableObjectStore, PostgresStore, SqliteStore };

for (const [name, store] of Object.entries(STORES)) {
  Deno.test(`${name}.open() says what it expects if it is given something else`, async () => {
    for (const handle of ["runs.sqlite", null, undefined, {}]) {
      await assertRejects(
        () => Reflect.apply(store.open, store, [handle]),
        TypeError,
        "Cannot open a store: expected ",
      );
    }
  });
}
