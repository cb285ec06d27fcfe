import { bundle } from "../../tools/bundle.ts";

/** Where the page has the client of the package. */
export const FOLLOW_RUN_URL = new URL("../../../examples/link_check/page/follow_run.js", import.meta.url);

const HEADER =
  `// The package's own \`@stepstream/workflow/client\`, bundled for browsers: nothing to edit here. To make it anew:
// deno run --allow-read --allow-write=examples --allow-run=deno tests/examples/link_check/bundle_follow_run.ts
// deno-fmt-ignore-file
// deno-lint-ignore-file
`;

/** What is to be in that file. */
export async function bundleFollowRun(): Promise<string> {
  return HEADER + await bundle("src/client/mod.ts");
}

if (import.meta.main) await Deno.writeTextFile(FOLLOW_RUN_URL, await bundleFollowRun());
