import { runStoreCases } from "@stepstream/workflow/testing";
import { assertStringIncludes } from "@std/assert";
import { LocalServer } from "../tools/local_server.ts";
import { bundledCases } from "./bundled_cases.ts";
import { allCases } from "./cases/all_cases.ts";
import { controlCases } from "./cases/control_cases.ts";
import { serveSite } from "./cases/mod.ts";
import { siteCases } from "./cases/site_cases.ts";
import { CASE_RUNTIMES } from "./run_cases.ts";

const NAMES = [...allCases, ...siteCases].map(({ name }) => name);
const SQLITE_NAMES = runStoreCases.map(({ name }) => `SqliteStore: ${name}`);

/** The site, with the page and the module for a browser. */
function serveCases(): LocalServer {
  return new LocalServer(async (request) => {
    switch (new URL(request.url).pathname) {
      case "/":
        return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
      case "/cases.mjs":
        return new Response(await bundledCases(), { headers: { "content-type": "text/javascript" } });
      default:
        return await serveSite(request);
    }
  });
}

for (const { name: runtime, hasSqlite, run } of CASE_RUNTIMES) {
  Deno.test(`${runtime} keeps every promise`, async (t) => {
    await using site = serveCases();
    const names = hasSqlite ? [...NAMES, ...SQLITE_NAMES] : NAMES;

    const findings = await run([...names, ...controlCases.map(({ name }) => name)], site.origin);

    if (findings === null) return;
    for (const name of names) {
      await t.step(name, () => {
        const finding = findings.get(name);
        if (finding !== null) throw new Error(`${runtime}: ${finding ?? "it was not run"}`);
      });
    }
    for (const { name, words } of controlCases) {
      await t.step(`${name} is told`, () => assertStringIncludes(findings.get(name) ?? "", words));
    }
  });
}
