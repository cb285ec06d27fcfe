/**
 * The link checker on Deno Deploy, or elsewhere under `deno serve`: any number of instances come and go, and share
 * their runs in Deno KV. The `deploy` block of `deno.json` names this file; the app needs a KV database attached.
 *
 * @module
 */

import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { createApp, type LinkCheckApp } from "./create_app.ts";
import { guardForRuntime } from "./guard_for_runtime.ts";

/** After this time the runs of an instance that is gone are taken over. */
const LEASE_MS = 9_000;
/** How long an action may continue in an instance that was told to stop. */
const CLOSE_MS = 2_000;
/** Deno Deploy kills an instance 5 s after it was told to stop: a store that does not answer is not waited for. */
const STOP_MS = 4_000;
/** How long the cron job works on runs while no client keeps an instance alive. */
const ROUND_MS = 50_000;

const opening = open();

// While no client asks for anything, no instance lives: this wakes one for the runs that are left. Deno Deploy finds it
// only at the top level, outside of any condition and before the first await.
Deno.cron("go on with runs", "* * * * *", async () => {
  const { runner } = await opening;
  await runner.recover();
  const endsAt = Date.now() + ROUND_MS;
  // An instance lives as long as this job runs.
  while (runner.activeRuns > 0 && Date.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 500));
});

const { app, runner } = await opening;
await runner.recover();

// Other instances can continue its runs at once.
Deno.addSignalListener("SIGINT", async () => {
  setTimeout(() => Deno.exit(), STOP_MS);
  await runner.close({ timeoutMs: CLOSE_MS });
  Deno.exit();
});

export default { fetch: app.fetch } satisfies Deno.ServeDefaultExport;

async function open(): Promise<LinkCheckApp> {
  // On Deno Deploy the database has no path; elsewhere it is a file.
  const kv = await Deno.openKv(Deno.env.get("KV_PATH"));
  return createApp({
    store: await DenoKvStore.open(kv),
    leaseMs: LEASE_MS,
    guard: guardForRuntime(globalThis),
    // Deno Deploy keeps what is written to the console.
    // deno-lint-ignore no-console
    onError: (error) => console.error(error),
  });
}
