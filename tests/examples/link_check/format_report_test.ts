import { assertEquals } from "@std/assert";
import { formatReport } from "../../../examples/link_check/format_report.ts";
import type { LinkReport } from "../../../examples/link_check/link_report.ts";

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
