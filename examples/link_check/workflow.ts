import { type Clock, systemClock, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { type CheckedLink, checkLink, type Verdict } from "./check_link.ts";
import { fetchPage, type Page } from "./fetch_page.ts";
import type { Fetch } from "./follow_redirects.ts";
import { createGuardedFetch } from "./guarded_fetch.ts";
import type { Link } from "./read_links.ts";

/** The steps, each with the payload it takes. It makes every route below checked by the compiler. */
export interface LinkCheckSteps {
  "fetch-page": { readonly url: string };
  "check-link": Link;
  report: Omit<Page, "links">;
}

/** What the steps of one run share. */
export interface LinkCheckContext {
  /** The links checked so far. */
  links: CheckedLink[];
}

/** What a run comes to. */
export interface LinkReport extends Readonly<Record<Verdict, number>> {
  /** The page that was checked. */
  readonly url: string;
  readonly links: readonly CheckedLink[];
  /** What the reader should know: what was left out, and why. */
  readonly notes: readonly string[];
}

/** What each step returns. */
export interface LinkCheckReturns {
  "fetch-page": Page;
  "check-link": CheckedLink;
  report: LinkReport;
}

/** The workflow with all it is known by. */
export type LinkCheck = Workflow<LinkCheckSteps, LinkCheckContext, LinkCheckReturns>;

/** Any event of a run. */
export type LinkCheckEvent = WorkflowEvent<LinkCheckSteps, LinkCheckReturns>;

/** Options of {@linkcode createLinkCheck}. */
export interface LinkCheckOptions {
  /**
   * Does the fetching. Default: a guarded `fetch` that refuses private addresses and local names, but does not look
   * names up: one that leads to a private address passes. {@linkcode createGuardedFetch} takes a look-up.
   */
  readonly fetch?: Fetch;
  /** From how many ms on a link is slow. Default: 1 000. */
  readonly slowMs?: number;
  /** How long to wait for a link or a page, in ms. Default: 10 000. */
  readonly timeoutMs?: number;
  /** How many links of the page are checked. Default: 100. */
  readonly maxLinks?: number;
  /** How many redirects are followed. Default: 5. */
  readonly maxRedirects?: number;
  /** How much of the page is read. Default: 1 000 000. */
  readonly maxPageBytes?: number;
  /** Where times and timers come from. Default: the platform. */
  readonly clock?: Clock;
}

/**
 * The link checker: `fetch-page` puts a `check-link` for every link into the queue and a `report` behind them.
 *
 * ```text
 * fetch-page ──┬─▶ check-link ──┐
 *              ├─▶ check-link   ├─▶ report
 *              └─▶ check-link ──┘
 * ```
 */
export function createLinkCheck(options: LinkCheckOptions = {}): LinkCheck {
  const {
    fetch = createGuardedFetch(),
    slowMs = 1_000,
    timeoutMs = 10_000,
    maxLinks = 100,
    maxRedirects = 5,
    maxPageBytes = 1_000_000,
    clock = systemClock,
  } = options;
  const requests = { fetch, clock, timeoutMs, maxRedirects };

  return new Workflow<LinkCheckSteps, LinkCheckContext>({ name: "link-check" }).add(
    {
      name: "fetch-page",
      action: async (ctx, { url }, log, { signal }) => {
        ctx.links = [];
        return await fetchPage(url, { ...requests, maxPageBytes, maxLinks, signal, log });
      },
      decision: (_ctx, result, enqueue) => {
        // Without a page there is nothing to do: a decision that throws ends the run as failed.
        if (!result.ok) throw result.error;
        const { url, links, notes } = result.value;
        for (const link of links) enqueue.tail("check-link", link);
        enqueue.tail("report", { url, notes });
      },
    },
    {
      name: "check-link",
      action: async (ctx, link, log, { signal }) => {
        const checked = await checkLink(link, { ...requests, slowMs, signal, log });
        ctx.links.push(checked);
        return checked;
      },
    },
    {
      name: "report",
      action: ({ links }, { url, notes }): LinkReport => {
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
      },
    },
  );
}
