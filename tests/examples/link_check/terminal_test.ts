import { assertEquals } from "@std/assert";
import { formatReport, printable, Progress } from "../../../examples/link_check/terminal.ts";
import type { LinkCheckEvent, LinkReport } from "../../../examples/link_check/workflow.ts";

const LINK = { text: "", timeMs: 12.4, redirects: 0, reason: null };
const REPORT: LinkReport = {
  url: "http://site.example/",
  ok: 1,
  redirected: 1,
  slow: 0,
  broken: 2,
  links: [
    { ...LINK, url: "http://site.example/a", verdict: "ok", status: 200, finalUrl: "http://site.example/a" },
    { ...LINK, url: "http://site.example/b", verdict: "redirected", status: 200, finalUrl: "http://site.example/a" },
    { ...LINK, url: "http://other.example/c", verdict: "broken", status: 404, finalUrl: "", reason: "Answered 404" },
    { ...LINK, url: "http://none.example/", verdict: "broken", status: null, finalUrl: "", reason: "Host not found" },
  ],
  notes: ["The page has 9 links: only the first 4 were checked"],
};

Deno.test("formatReport() makes a table, with paths for the links of the page's own site", () => {
  const text = formatReport(REPORT, { isColored: false });

  assertEquals(
    text,
    `
VERDICT     STATUS      TIME  LINK
ok             200     12 ms  /a
redirected     200     12 ms  /b → /a
broken         404     12 ms  http://other.example/c  (Answered 404)
broken           -     12 ms  http://none.example/  (Host not found)

4 links on http://site.example/: 1 ok, 1 redirected, 0 slow, 2 broken
Note: The page has 9 links: only the first 4 were checked
`,
  );
});

Deno.test("formatReport() needs no table for a page without links", () => {
  const text = formatReport({ ...REPORT, ok: 0, redirected: 0, broken: 0, links: [], notes: [] }, { isColored: true });

  assertEquals(text, "\n0 links on http://site.example/: 0 ok, 0 redirected, 0 slow, 0 broken\n");
});

Deno.test("printable() leaves nothing that a terminal obeys", () => {
  assertEquals(printable("a\x1b[31mb\r\nc\u009b2Jd\u202ee"), "a [31mb c 2Jd e");
});

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

function startOf(url: string): LinkCheckEvent {
  const common = { seq: 2, runId: "r", at: 0, token: 1, parent: null, attempt: 1 };
  return { ...common, type: "step.start", step: "fetch-page", payload: { url } };
}
