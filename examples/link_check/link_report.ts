import type { Result } from "@stepstream/workflow";
import { type CheckedLink, unansweredLink, type Verdict } from "./checked_link.ts";
import type { Page } from "./fetch_page.ts";
import { toPublicError } from "./public_error.ts";
import type { Link } from "./read_links.ts";

/** The outcome of a run. */
export interface LinkReport extends Readonly<Record<Verdict, number>> {
  /** The page that was checked. */
  readonly url: string;
  /** In the order of the page. */
  readonly links: readonly CheckedLink[];
  /** What the reader should know: what was left out, and why. */
  readonly notes: readonly string[];
}

/**
 * Merges a page and the outcomes of its checks, one result for each of its links.
 *
 * @param timeoutMs How long a link was waited for, in ms
 */
export function createReport(page: Page, results: readonly Result<CheckedLink>[], timeoutMs: number): LinkReport {
  const { url, notes } = page;
  const links = results.flatMap((result, index) => {
    const link = page.links[index];
    return link === undefined ? [] : [toCheckedLink(link, result, timeoutMs)];
  });
  const count = (verdict: Verdict): number => links.filter((link) => link.verdict === verdict).length;
  return {
    url,
    ok: count("ok"),
    redirected: count("redirected"),
    slow: count("slow"),
    broken: count("broken"),
    links,
    notes,
  };
}

/** A check that failed counts as a broken link, like one that found it broken. */
function toCheckedLink(link: Link, { ok, value, error }: Result<CheckedLink>, timeoutMs: number): CheckedLink {
  if (ok) return value;
  const { name, message } = toPublicError(error);
  return unansweredLink(link, message, name === "StepTimeoutError" ? timeoutMs : 0);
}
