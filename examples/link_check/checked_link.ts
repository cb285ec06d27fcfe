import type { Link } from "./read_links.ts";

/** What a link turned out to be. The first that holds, in this order: broken, redirected, slow, ok. */
export type Verdict = "ok" | "redirected" | "slow" | "broken";

/** Every verdict, in the order of the report. */
export const VERDICTS: readonly Verdict[] = ["ok", "redirected", "slow", "broken"];

/** A link with the outcome of its check. */
export interface CheckedLink extends Link {
  readonly verdict: Verdict;
  /** The HTTP status of the last answer, `null` if there was none. */
  readonly status: number | null;
  /** From the first request of the last attempt to its last answer's head. */
  readonly timeMs: number;
  /** Where the last answer came from, after redirects. */
  readonly finalUrl: string;
  readonly redirects: number;
  /** Why it is broken, `null` if it is not. */
  readonly reason: string | null;
}

/** A link for which there was no answer. */
export function unansweredLink(link: Link, reason: string, timeMs: number): CheckedLink {
  return { ...link, verdict: "broken", status: null, timeMs, finalUrl: link.url, redirects: 0, reason };
}
