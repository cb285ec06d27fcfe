import type { Verdict } from "../../../examples/link_check/check_link.ts";
import type { DemoSiteOptions } from "../../../examples/link_check/demo_site.ts";

/** The demo site without its leisure: only the slow page takes its time. */
export const QUICK_DEMO: DemoSiteOptions = { paceMs: 0, slowMs: 300 };

/** From when on a page of the quick demo counts as slow, in ms: far from what its other pages take. */
export const SLOW_MS = 250;

/** What a check of the demo site has to find: path, verdict, status. */
export const DEMO_LINKS: readonly (readonly [path: string, verdict: Verdict, status: number])[] = [
  ["/demo/guide", "ok", 200],
  ["/demo/team", "ok", 200],
  ["/demo/old-guide", "redirected", 200],
  ["/demo/quotes", "ok", 200],
  ["/demo/download", "ok", 200],
  ["/demo/missing", "broken", 404],
  ["/demo/archive", "slow", 200],
  ["/demo/broken", "broken", 500],
];

/** A slow page that never answers, and a promise of its path once its client has left. */
export function endlessDemo(): { readonly demo: DemoSiteOptions; readonly abandoned: Promise<string> } {
  const { promise: abandoned, resolve: onAbandoned } = Promise.withResolvers<string>();
  return { demo: { paceMs: 0, slowMs: 600_000, onAbandoned }, abandoned };
}
