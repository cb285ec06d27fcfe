import { assert } from "@std/assert";
import { bundleFollowRun, FOLLOW_RUN_URL } from "./bundle_follow_run.ts";

Deno.test("page has the package's client as it is now", async () => {
  const committed = await Deno.readTextFile(FOLLOW_RUN_URL);

  // Not a comparison that prints it: it is one long line.
  assert(committed === await bundleFollowRun(), "Make it anew by the command in its header");
});
