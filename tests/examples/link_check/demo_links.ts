import type { Verdict } from "../../../examples/link_check/checked_link.ts";
import type { DemoSiteOptions } from "../../../examples/link_check/demo_site.ts";
import type { LinkCheckOptions } from "../../../examples/link_check/workflow.ts";

/** The demo site without its leisure: only the slow page takes its time. */
export const QUICK_DEMO: DemoSiteOptions = { paceMs: 0, slowMs: 300, retryAfterSeconds: 0 };

/** A check of the quick demo: a page is slow far from what the other pages take, and retries do not wait. */
export const QUICK_CHECK: LinkCheckOptions = { slowMs: 250, retryDelayMs: 0 };

/** What a check of the demo site has to find: path, verdict, status. */
export const DEMO_LINKS: readonly (readonly [path: string, verdict: Verdict, status: number])[] = [
  ["/demo/guide", "ok", 200],
  ["/demo/team", "ok", 200],
  ["/demo/old-guide", "redirected", 200],
  ["/demo/quotes", "ok", 200],
  ["/demo/download", "ok", 200],
  ["/demo/tickets", "ok", 200],
  ["/demo/missing", "broken", 404],
  ["/demo/archive", "slow", 200],
  ["/demo/broken", "broken", 500],
];

/** A slow page that never answers, and a promise of its path once its client has left. */
export function endlessDemo(): { readonly demo: DemoSiteOptions; readonly abandoned: Promise<string> } {
  const { promise: abandoned, resolve } = Promise.withResolvers<string>();
  // Others are left too, if they are at work at the same time.
  const onAbandoned = (path: string): void => {
    if (path === "/demo/archive") resolve(path);
  };
  return { demo: { ...QUICK_DEMO, slowMs: 600_000, onAbandoned }, abandoned };
}
