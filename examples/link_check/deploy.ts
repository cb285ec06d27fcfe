/**
 * The link checker on Deno Deploy, or anywhere else under `deno serve`: any number of instances that share their runs in
 * Deno KV, come and go. The block `deploy` of `deno.json` names it; the app needs a KV database attached.
 *
 * @module
 */

import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { createApp } from "./create_app.ts";
import { guardForRuntime } from "./guard_for_runtime.ts";

/** An instance that is gone is missed after so long. */
const LEASE_MS = 9_000;
/** An instance may take 5 s to stop. */
const CLOSE_MS = 2_000;
/** So long runs are worked on where no client keeps an instance. */
const ROUND_MS = 50_000;

// Deno Deploy has its database at no path; elsewhere it is a file.
const kv = await Deno.openKv(Deno.env.get("KV_PATH"));
const { app, runner } = createApp({
  store: await DenoKvStore.open(kv),
  leaseMs: LEASE_MS,
  guard: guardForRuntime(globalThis),
  // Deno Deploy keeps what is written there.
  // deno-lint-ignore no-console
  onError: (error) => console.error(error),
});
await runner.recover();

// Whoever else there is goes on with its runs at once.
Deno.addSignalListener("SIGINT", async () => {
  await runner.close({ timeoutMs: CLOSE_MS });
  Deno.exit();
});

// Where no client asks for anything, no instance lives: this wakes one for the runs that are left. `deno serve` has it with
// `--unstable-cron` only.
if ("cron" in Deno) {
  Deno.cron("go on with runs", "* * * * *", async () => {
    await runner.recover();
    const endsAt = Date.now() + ROUND_MS;
    // An instance lives as long as this is at work.
    while (runner.activeRuns > 0 && Date.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 500));
  });
}

export default { fetch: app.fetch } satisfies Deno.ServeDefaultExport;
