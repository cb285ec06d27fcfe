import { MemoryStore } from "@stepstream/workflow";
import { type SqliteDatabase, SqliteStore } from "@stepstream/workflow/stores/sqlite";
import { runStoreCases } from "@stepstream/workflow/testing";
import type { RuntimeCase } from "./runtime_case.ts";

/** The contract of stores, kept by the one that runs everywhere. */
export const memoryStoreCases: readonly RuntimeCase[] = runStoreCases.map(({ name, run }) => ({
  name: `MemoryStore: ${name}`,
  run: () => run(new MemoryStore()),
}));

/** The contract of stores, kept by a `SqliteStore` on databases of the runtime's `node:sqlite`. */
export function sqliteStoreCases(open: () => SqliteDatabase): readonly RuntimeCase[] {
  return runStoreCases.map(({ name, run }) => ({
    name: `SqliteStore: ${name}`,
    run: async () => await run(await SqliteStore.open(open())),
  }));
}
