import { assertEquals, assertMatch, assertNotMatch, assertStringIncludes } from "@std/assert";
import { createDemoSite } from "../../../examples/link_check/demo_site.ts";
import { readUntil, runExample, startExample } from "./child_process.ts";
import { DEMO_LINKS, endlessDemo } from "./demo_links.ts";
import { LocalServer } from "./local_server.ts";

Deno.test("cli checks the demo site when it is given no url, and exits with 1 for its broken links", async () => {
  const { code, stdout, stderr } = await runExample("cli.ts");

  assertEquals({ code, stderr }, { code: 1, stderr: "" });
  const rows = [...stdout.matchAll(/^(ok|redirected|slow|broken) +(\d{3}) +\d+ ms +(\/\S+)/gm)];
  assertEquals(
    rows.map(([, verdict, status, path]) => [path, verdict, Number(status)]),
    DEMO_LINKS.map((link) => [...link]),
  );
  assertMatch(stdout, /^9 links on http:\/\/127\.0\.0\.1:\d+\/demo\/: 5 ok, 1 redirected, 1 slow, 2 broken$/m);
  assertMatch(stdout, /^Answered 429, trying again in 2 s: http:\/\/127\.0\.0\.1:\d+\/demo\/tickets$/m);
  // Output that is no terminal gets whole lines.
  assertNotMatch(stdout.replaceAll("\n", ""), /\p{Cc}/u);
});

Deno.test("cli exits with 0 if no link is broken", async () => {
  await using site = new LocalServer(() =>
    new Response('<a href="/a">a</a>', { headers: { "content-type": "text/html" } })
  );

  const { code, stdout } = await runExample("cli.ts", `${site.origin}/`, "--allow-private");

  assertEquals(code, 0);
  assertStringIncludes(stdout, "1 link on ");
});

Deno.test("cli exits with 2 and a message on bad usage", async () => {
  const complaints: readonly (readonly [args: string[], message: string])[] = [
    [["nonsense"], "Cannot check nonsense: it is no URL: give a whole one, like https://example.com/"],
    [["mailto:a@example.com"], "Cannot check mailto:a@example.com: a URL to check begins with http:// or https://"],
    [["--nonsense"], "Unknown option '--nonsense'"],
    [["--slow-ms", "soon"], "--slow-ms must be a whole number from 1 on: soon"],
    [["--max-links=0"], "--max-links must be a whole number from 1 on: 0"],
    [["http://a.example/", "http://b.example/"], "Give one url, no more"],
  ];

  for (const [args, message] of complaints) {
    const { code, stdout, stderr } = await runExample("cli.ts", ...args);
    assertEquals({ code, stdout }, { code: 2, stdout: "" });
    assertEquals(stderr.slice(0, message.length), message);
    assertStringIncludes(stderr, "Usage: deno task demo [url]");
    assertNotMatch(stderr, /^\s+at /m);
  }
});

Deno.test("cli exits with 1 and a message if the page cannot be read", async () => {
  const { code, stderr } = await runExample("cli.ts", "http://127.0.0.1:9/");

  assertEquals(code, 1);
  assertEquals(stderr, "Cannot read http://127.0.0.1:9/: Refused: 127.0.0.1 is not a public address\n");
});

Deno.test("cli explains itself", async () => {
  const { code, stdout } = await runExample("cli.ts", "--help");

  assertEquals(code, 0);
  assertStringIncludes(stdout, "Exit code: 0 all links work");
});

Deno.test("cli stops cleanly on Ctrl-C and lets go of its request", async () => {
  const { demo, abandoned } = endlessDemo();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const demoSite = createDemoSite(demo);
  await using site = new LocalServer((request) => {
    if (new URL(request.url).pathname === "/demo/archive") ask();
    return demoSite.fetch(request);
  });
  await using child = startExample("cli.ts", `${site.origin}/demo/`, "--allow-private");
  await readUntil(child.stdout, "/demo/archive");
  await asked;

  child.kill("SIGINT");
  const { code, stderr } = await child.output();

  assertEquals([code, new TextDecoder().decode(stderr)], [130, "Stopped.\n"]);
  assertEquals(await abandoned, "/demo/archive");
});
