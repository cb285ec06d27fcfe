import { type Any, MemoryStore, Workflow } from "@stepstream/workflow";
import { createRunsHandler } from "@stepstream/workflow/http";
import { Runner } from "@stepstream/workflow/runner";
import { assertEquals } from "@std/assert";

/** A run whose errors are everywhere: in logs, results, retries and what groups come to. */
const telling = new Workflow<Any, Any>({ name: "telling" }).add(
  {
    name: "fan",
    action: (_ctx, _payload, log) => {
      log.event("tried", { error: secret() });
      return { last: secret() };
    },
    decision: (_ctx, _result, enqueue) => enqueue.all("item", [1, 2], { then: "merge" }),
  },
  {
    name: "item",
    retry: { maxAttempts: 2, delayMs: 0 },
    action: () => {
      throw secret();
    },
    decision: (_ctx, result, enqueue) => enqueue.tail("after", result),
  },
  { name: "after", action: (_ctx, result) => result },
  { name: "merge", action: (_ctx, results) => ({ results }) },
);

function secret(): Error {
  return new Error("words", { cause: new Error("secret cause") });
}

async function streamOf(options: Parameters<typeof createRunsHandler>[1]): Promise<string> {
  await using runner = new Runner({ workflows: [telling], store: new MemoryStore() });
  const response = await createRunsHandler(runner, options)(
    new Request("http://localhost/runs", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ start: "fan" }),
    }),
  );
  return await response.text();
}

Deno.test("createRunsHandler() streams no cause of an error, wherever in a stored event it is", async () => {
  const text = await streamOf({});

  assertEquals([text.includes("words"), text.includes("cause"), text.includes("secret")], [true, false, false]);
});

Deno.test("createRunsHandler() asks describeError of the errors of results, wherever in a stored event they are", async () => {
  const text = await streamOf({ describeError: () => ({ name: "Error", message: "hidden" }) });

  // What a step itself puts into a value or a log is its own; see the docs of `describeError`.
  const results = text.split("\n").filter((line) => line.startsWith("data:") && !line.includes('"step":"fan"'));
  assertEquals(results.filter((line) => line.includes("words")), []);
});
