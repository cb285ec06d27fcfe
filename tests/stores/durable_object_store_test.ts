import { runStoreCases } from "@stepstream/workflow/testing";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { prepareWorker, WorkerdProcess } from "../tools/workerd.ts";

const WORKER = { entryPoint: "tests/stores/durable_object_worker.ts", objects: { STORE: "StoreObject" } };

Deno.test("DurableObjectStore in workerd keeps every promise of a store, and what is peculiar to it", async (test) => {
  await using folder = await TemporaryFolder.create();
  const worker = await prepareWorker(folder, WORKER);
  if (worker === null) return;
  await using processes = new AsyncDisposableStack();
  let workerd = processes.use(await WorkerdProcess.start(worker));
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${workerd.origin}${path}`);
    if (!response.ok) throw new Error(await response.text());
    return await response.json();
  };

  await test.step("DurableObjectStore keeps every promise of a store", async () => {
    assertEquals(await ask("/cases?object=cases"), Object.fromEntries(runStoreCases.map(({ name }) => [name, "kept"])));
  });

  await test.step("DurableObjectStore keeps texts that are longer than a row, over the death of its process", async () => {
    assertEquals(await ask("/create?object=long"), [true, true]);

    await workerd.kill();
    workerd = processes.use(await WorkerdProcess.start(worker));

    assertEquals(await ask("/load?object=long"), [true, true, true, true]);
  });

  await test.step("DurableObjectStore deletes the parts of long texts with what they belong to", async () => {
    assertEquals(await ask("/delete?object=long"), [[{ parts: 20 }], [{ parts: 10 }], [{ parts: 0 }]]);
  });

  await test.step("DurableObjectStore writes nothing of a commit that fails", async () => {
    assertEquals(await ask("/rollback?object=torn"), ["StoreError", 1, [], []]);
  });

  await test.step("DurableObjectStore.onCommit() hears of every write, and of nothing that was not written", async () => {
    assertEquals(await ask("/rings?object=bell"), ["bell", "bell", "bell", "bell"]);
  });

  await test.step("DurableObjectStore.open() refuses tables of a later version", async () => {
    assertStringIncludes(
      String(await ask("/newer?object=newer")),
      "its tables are of schema version 2, and this package knows version 1",
    );
  });
});
