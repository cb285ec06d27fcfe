import { assertEquals } from "@std/assert";
import { Progress } from "../../../examples/link_check/progress.ts";
import type { LinkCheckEvent } from "../../../examples/link_check/workflow.ts";

Deno.test("Progress rewrites one line of a terminal, and never wraps it", () => {
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text), columns: 20 });

  progress.show(startOf("http://site.example/a/very/long/path"));
  progress.clear();

  assertEquals(written, ["\r\x1b[KReading http://site", "\r\x1b[K"]);
});

Deno.test("Progress writes whole lines where there is no terminal", () => {
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text), columns: null });

  progress.show(startOf("http://site.example/a/very/long/path"));
  progress.clear();

  assertEquals(written, ["Reading http://site.example/a/very/long/path\n"]);
});

Deno.test("Progress tells a retry in a line that stays, and how many links are at work", () => {
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text), columns: 200 });

  progress.show(RESULT_OF_PAGE);
  progress.show(startOfLink(2, "/a"));
  progress.show(startOfLink(3, "/b"));
  progress.show(RETRY);

  assertEquals(written.map((text) => text.replace("\r\x1b[K", "")), [
    "[....................] 0 of 2, 1 at work  http://site.example/a",
    "[....................] 0 of 2, 2 at work  http://site.example/b",
    "",
    "Answered 429, trying again in 1.5 s: http://site.example/a\n",
    "[....................] 0 of 2, 2 at work  http://site.example/b",
  ]);
});

Deno.test("Progress tells every attempt and every retry where there is no terminal", () => {
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text), columns: null });

  progress.show(startOfLink(2, "/a"));
  progress.show(RETRY);

  assertEquals(written, [
    "Checking http://site.example/a\n",
    "Answered 429, trying again in 1.5 s: http://site.example/a\n",
  ]);
});

const COMMON = { seq: 2, runId: "r", at: 0, attempt: 1 };

const RETRY: LinkCheckEvent = {
  ...COMMON,
  type: "step.retry",
  step: "check-link",
  token: 2,
  error: new Error("Answered 429"),
  delayMs: 1_500,
};

const RESULT_OF_PAGE: LinkCheckEvent = {
  ...COMMON,
  type: "step.result",
  step: "fetch-page",
  token: 1,
  payload: { url: "http://site.example/" },
  result: {
    ok: true,
    value: { url: "http://site.example/", links: [linkOf("/a"), linkOf("/b")], notes: [] },
    error: null,
  },
  routed: [],
  queueLength: 2,
  durationMs: 1,
  droppedLogs: 0,
};

function startOf(url: string): LinkCheckEvent {
  return { ...COMMON, type: "step.start", step: "fetch-page", token: 1, parent: null, payload: { url } };
}

function startOfLink(token: number, path: string): LinkCheckEvent {
  return { ...COMMON, type: "step.start", step: "check-link", token, parent: 1, payload: linkOf(path) };
}

function linkOf(path: string) {
  return { url: `http://site.example${path}`, text: "" };
}
