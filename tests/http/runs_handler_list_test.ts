import { createRunsHandler, type RunsAction } from "@stepstream/workflow/http";
import { assertEquals } from "@std/assert";
import { ask, problem, problemOf } from "./ask.ts";
import { FakeRuns } from "./fake_runs.ts";
import { notes } from "./sample_run.ts";

const authorize = (): boolean => true;

function fiveRuns(): FakeRuns {
  const runs = new FakeRuns();
  for (const id of ["a", "b", "c", "d", "e"]) runs.put(id, notes(1, id !== "c"));
  return runs;
}

function idsOf(json: unknown): unknown[] {
  const runs: unknown = Reflect.get(Object(json), "runs");
  return Array.isArray(runs) ? runs.map((run) => Reflect.get(Object(run), "runId")) : [];
}

Deno.test("GET /runs answers 403 where there is no authorize, and looks nothing up", async () => {
  await using runs = fiveRuns();

  const answer = await ask(createRunsHandler(runs), "GET", "/runs");

  assertEquals([problemOf(answer), runs.calls], [problem(403), []]);
});

Deno.test("GET /runs answers 403 where authorize refuses, and looks nothing up", async () => {
  await using runs = fiveRuns();
  const asked: RunsAction[] = [];
  const handler = createRunsHandler(runs, { authorize: (_request, action) => asked.push(action) < 0 });

  const answer = await ask(handler, "GET", "/runs?status=running&workflow=orders&limit=2&after=5-a-b");

  assertEquals([problemOf(answer), runs.calls], [problem(403), []]);
  const after = { createdAt: 5, runId: "a-b" };
  assertEquals(asked, [{ type: "list", query: { status: "running", workflow: "orders", limit: 2, after } }]);
});

Deno.test("GET /runs lists the runs from the newest on, page by page", async () => {
  await using runs = fiveRuns();
  const handler = createRunsHandler(runs, { authorize });

  const pages: unknown[] = [];
  let path = "/runs?limit=2";
  while (pages.length < 5) {
    const { json } = await ask(handler, "GET", path);
    pages.push(idsOf(json));
    const next: unknown = Reflect.get(Object(json), "next");
    if (typeof next !== "string") break;
    path = `/runs?limit=2&after=${encodeURIComponent(next)}`;
  }

  assertEquals(pages, [["e", "d"], ["c", "b"], ["a"]]);
});

Deno.test("GET /runs has no next after a page that is full and the last", async () => {
  await using runs = fiveRuns();

  const { json } = await ask(createRunsHandler(runs, { authorize }), "GET", "/runs?limit=5");

  assertEquals([idsOf(json).length, Reflect.get(Object(json), "next")], [5, null]);
});

Deno.test("GET /runs tells of a run no more than GET /runs/:id", async () => {
  await using runs = fiveRuns();
  const handler = createRunsHandler(runs, { authorize });

  const { json } = await ask(handler, "GET", "/runs?status=running");

  assertEquals(json, { runs: [(await ask(handler, "GET", "/runs/c")).json], next: null });
});

for (
  const parameters of [
    "status=done",
    "status=",
    "status=running&status=failed",
    "limit=0",
    "limit=101",
    "limit=1e1",
    "limit=-1",
    "limit=",
    "after=a",
    "after=-a",
    "after=1",
    "after=1-",
    "after=1e3-a",
    "after=1-a&after=2-b",
  ]
) {
  Deno.test(`GET /runs?${parameters} answers 400`, async () => {
    await using runs = fiveRuns();

    const answer = await ask(createRunsHandler(runs, { authorize }), "GET", `/runs?${parameters}`);

    assertEquals([problemOf(answer), runs.calls], [problem(400), []]);
  });
}
