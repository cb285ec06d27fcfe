/**
 * The link checker on Deno Deploy, or anywhere else under `deno serve`: any number of instances that share their runs
 * in Deno KV, come and go. The block `deploy` of `deno.json` names it; the app needs a KV database attached.
 *
 * @module
 */

import { DenoKvStore } from "@stepstream/workflow/stores/deno-kv";
import { createApp, type LinkCheckApp } from "./create_app.ts";
import { guardForRuntime } from "./guard_for_runtime.ts";

/** An instance that is gone is missed after so long. */
const LEASE_MS = 9_000;
/** So long an action may go on in an instance that was told to stop. */
const CLOSE_MS = 2_000;
/** Deno Deploy kills an instance 5 s after it was told to stop: a store that does not answer is not waited for. */
const STOP_MS = 4_000;
/** So long runs are worked on where no client keeps an instance. */
const ROUND_MS = 50_000;

const opening = open();

// Where no client asks for anything, no instance lives: this wakes one for the runs that are left. Deno Deploy finds it
// only here: outside of any condition, before anything is waited for.
Deno.cron("go on with runs", "* * * * *", async () => {
  const { runner } = await opening;
  await runner.recover();
  const endsAt = Date.now() + ROUND_MS;
  // An instance lives as long as this is at work.
  while (runner.activeRuns > 0 && Date.now() < endsAt) await new Promise((resolve) => setTimeout(resolve, 500));
});

const { app, runner } = await opening;
await runner.recover();

// Whoever else there is goes on with its runs at once.
Deno.addSignalListener("SIGINT", async () => {
  setTimeout(() => Deno.exit(), STOP_MS);
  await runner.close({ timeoutMs: CLOSE_MS });
  Deno.exit();
});

export default { fetch: app.fetch } satisfies Deno.ServeDefaultExport;

async function open(): Promise<LinkCheckApp> {
  // Deno Deploy has its database at no path; elsewhere it is a file.
  const kv = await Deno.openKv(Deno.env.get("KV_PATH"));
  return createApp({
    store: await DenoKvStore.open(kv),
    leaseMs: LEASE_MS,
    guard: guardForRuntime(globalThis),
    // Deno Deploy keeps what is written there.
    // deno-lint-ignore no-console
    onError: (error) => console.error(error),
  });
}
