import { assert, assertEquals } from "@std/assert";
import { createApp } from "../../../examples/link_check/create_app.ts";
import { guardForRuntime, type Runtime } from "../../../examples/link_check/guard_for_runtime.ts";
import { resolveHost } from "../../../examples/link_check/resolve_host.ts";
import { QUICK_DEMO } from "./demo_links.ts";
import { readFrames } from "./read_frames.ts";

Deno.test("guardForRuntime() looks names up on Deno", () => {
  assertEquals(guardForRuntime(globalThis), { resolve: resolveHost });
});

Deno.test("guardForRuntime() goes by the name on Cloudflare Workers, where nothing private can be reached", () => {
  assertEquals(guardForRuntime({ navigator: { userAgent: "Cloudflare-Workers" } }), {});
});

const OTHERS: readonly (readonly [name: string, runtime: Runtime])[] = [
  ["Bun", { navigator: { userAgent: "Bun/1.3.0" } }],
  ["Node.js", { navigator: { userAgent: "Node.js/24" } }],
  ["a runtime without a navigator", {}],
  ["a runtime whose navigator has no name", { navigator: {} }],
];

for (const [name, runtime] of OTHERS) {
  Deno.test(`guardForRuntime() refuses every name on ${name}, and leaves the demo alone`, async () => {
    const fetched: string[] = [];
    const { app } = createApp({
      demo: QUICK_DEMO,
      guard: {
        ...guardForRuntime(runtime),
        fetch: (url) => {
          fetched.push(url.href);
          return Promise.resolve(new Response());
        },
      },
    });

    const other = await app.request("/check?url=http://example.com/");
    const demo = await app.request("/check?url=http://localhost/demo/guide");

    const [otherEnd, demoEnd] = [await endOf(other), await endOf(demo)];
    assertEquals([otherEnd.status, otherEnd.error], ["failed", {
      name: "PageError",
      message: "Cannot read http://example.com/: Cannot look up hosts on this runtime",
    }]);
    assertEquals(demoEnd.status, "completed");
    assertEquals(fetched, []);
  });
}

async function endOf(response: Response) {
  const end = (await Array.fromAsync(readFrames(response.body))).at(-1)?.event;
  assert(end?.type === "run.end");
  return end;
}
