import { type Clock, type Result, systemClock, Workflow, type WorkflowEvent } from "@stepstream/workflow";
import { type CheckInput, checkInputSchema } from "./check_input.ts";
import { checkLink } from "./check_link.ts";
import type { CheckedLink } from "./checked_link.ts";
import { fetchPage, type Page } from "./fetch_page.ts";
import type { Fetch } from "./follow_redirects.ts";
import { createGuardedFetch } from "./guarded_fetch.ts";
import { createReport, type LinkReport } from "./link_report.ts";
import type { Link } from "./read_links.ts";
import { isTemporary, TemporaryError } from "./temporary_error.ts";

/** The payload of each step. With this map the compiler checks every route below. */
export interface LinkCheckSteps {
  "fetch-page": CheckInput;
  "check-link": Link;
  /** The outcomes of the checks, in the order of the page. */
  report: readonly Result<CheckedLink>[];
}

/** What the steps of one run share. */
export interface LinkCheckContext {
  page: Page;
  /** The address of the app that started the run, if one did. */
  origins?: readonly string[];
}

/** Does the fetching of a run; it is told where the app is found that has started it. */
export type RunFetch = (url: URL, init: RequestInit, origins: readonly string[]) => Promise<Response>;

/** What each step returns. */
export interface LinkCheckReturns {
  "fetch-page": Page;
  "check-link": CheckedLink;
  report: LinkReport;
}

/** The workflow, with all its types. */
export type LinkCheck = Workflow<LinkCheckSteps, LinkCheckContext, LinkCheckReturns>;

/** Any event of a run. */
export type LinkCheckEvent = WorkflowEvent<LinkCheckSteps, LinkCheckReturns>;

/** How many links a run should check at once: as many as a browser asks of one server. */
export const LINKS_AT_ONCE = 6;

/** How many attempts a link gets at most. */
const MAX_ATTEMPTS = 3;

/** Options of {@linkcode createLinkCheck}. */
export interface LinkCheckOptions {
  /**
   * Does the fetching. Default: a guarded `fetch` that refuses private addresses and local names, but does not look
   * names up: one that leads to a private address passes. {@linkcode createGuardedFetch} takes a look-up.
   */
  readonly fetch?: RunFetch;
  /** How long a link may take before it counts as slow, in ms. Default: 1 000. */
  readonly slowMs?: number;
  /** How long to wait for a link or a page, in ms. Default: 10 000. */
  readonly timeoutMs?: number;
  /** How long to wait before a link is tried again, in ms; each further wait is twice as long. Default: 500. */
  readonly retryDelayMs?: number;
  /** How long to wait at most if a server asks for it, in ms. Default: 5 000. */
  readonly maxRetryDelayMs?: number;
  /** How many links of the page are checked. Default: 100. */
  readonly maxLinks?: number;
  /** How many redirects are followed. Default: 5. */
  readonly maxRedirects?: number;
  /** How much of the page is read, in bytes. Default: 1 000 000. */
  readonly maxPageBytes?: number;
  /** Where the times of requests come from. Default: the platform. */
  readonly clock?: Clock;
}

/**
 * The link checker: `fetch-page` fans out into a `check-link` for every link, and `report` merges their outcomes.
 *
 * ```text
 * fetch-page ──┬─▶ check-link ──┐
 *              ├─▶ check-link ──┼─▶ report
 *              └─▶ check-link ──┘
 * ```
 */
export function createLinkCheck(options: LinkCheckOptions = {}): LinkCheck {
  const {
    fetch = createGuardedFetch(),
    slowMs = 1_000,
    timeoutMs = 10_000,
    retryDelayMs: delayMs = 500,
    maxRetryDelayMs: maxDelayMs = 5_000,
    maxLinks = 100,
    maxRedirects = 5,
    maxPageBytes = 1_000_000,
    clock = systemClock,
  } = options;
  const requestsOf = ({ origins = [] }: Pick<LinkCheckContext, "origins">) => {
    const fetchFrom: Fetch = (url, init) => fetch(url, init, origins);
    return { fetch: fetchFrom, clock, maxRedirects };
  };

  return new Workflow<LinkCheckSteps, LinkCheckContext>({ name: "link-check" }).add(
    {
      name: "fetch-page",
      input: checkInputSchema,
      timeoutMs,
      action: async (ctx, { url }, log, { signal }) => {
        ctx.page = await fetchPage(url, { ...requestsOf(ctx), maxPageBytes, maxLinks, signal, log });
        return ctx.page;
      },
      decision: (_ctx, result, enqueue) => {
        // Without a page there is nothing to do: a decision that throws ends the run as failed.
        if (!result.ok) throw result.error;
        enqueue.all("check-link", result.value.links, { then: "report" });
      },
    },
    {
      name: "check-link",
      timeoutMs,
      retry: { maxAttempts: MAX_ATTEMPTS, delayMs, maxDelayMs, when: isTemporary },
      action: async (ctx, link, log, { signal, attempt }) => {
        try {
          return await checkLink(link, { ...requestsOf(ctx), slowMs, signal, log });
        } catch (error) {
          // A store keeps an error's name and message only: what the last attempt has found is told as a value.
          if (error instanceof TemporaryError && attempt === MAX_ATTEMPTS) return error.checked;
          throw error;
        }
      },
    },
    {
      name: "report",
      action: ({ page }, results) => createReport(page, results, timeoutMs),
    },
  );
}
