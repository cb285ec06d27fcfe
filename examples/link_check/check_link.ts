import type { Clock, StepLogHelper } from "@stepstream/workflow";
import { type Fetch, type Followed, followRedirects } from "./follow_redirects.ts";
import { describeNetworkError } from "./network_error.ts";
import type { Link } from "./read_links.ts";
import { withDeadline } from "./with_deadline.ts";

/** What a link turned out to be. The first that holds, in this order: broken, redirected, slow, ok. */
export type Verdict = "ok" | "redirected" | "slow" | "broken";

/** A link with what became of it. */
export interface CheckedLink extends Link {
  readonly verdict: Verdict;
  /** The HTTP status of the last answer, `null` if there was none. */
  readonly status: number | null;
  /** From the first request to the last answer's head. */
  readonly timeMs: number;
  /** Where the last answer came from, after redirects. */
  readonly finalUrl: string;
  readonly redirects: number;
  /** Why it is broken, `null` if it is not. */
  readonly reason: string | null;
}

/** What {@linkcode checkLink} needs besides the link. */
export interface CheckLinkOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly slowMs: number;
  readonly timeoutMs: number;
  readonly maxRedirects: number;
  readonly signal: AbortSignal;
  readonly log: StepLogHelper;
}

/** Asks for a link without its content and judges the answer. Only `signal` makes it throw: no answer is a broken link. */
export async function checkLink(link: Link, options: CheckLinkOptions): Promise<CheckedLink> {
  const { clock, signal, log } = options;
  const startedAt = clock.now();
  try {
    const followed = await withDeadline(options, (untilDeadline) => ask(link, options, untilDeadline));
    const timeMs = clock.now() - startedAt;
    log.event("answer", { status: followed.response.status, timeMs });
    return { ...link, ...judge(followed, timeMs, options.slowMs), timeMs };
  } catch (error) {
    if (signal.aborted) throw error;
    const reason = describeNetworkError(error);
    log.event("failure", { reason });
    const timeMs = clock.now() - startedAt;
    return { ...link, verdict: "broken", status: null, timeMs, finalUrl: link.url, redirects: 0, reason };
  }
}

async function ask(link: Link, { fetch, maxRedirects, log }: CheckLinkOptions, signal: AbortSignal): Promise<Followed> {
  const send = async (url: URL, method: "HEAD" | "GET"): Promise<Response> => {
    log.event("request", { method, url: url.href });
    const response = await fetch(url, { method, signal });
    // Only the head counts. An unread body would keep the connection busy.
    await response.body?.cancel();
    return response;
  };
  const request = async (url: URL): Promise<Response> => {
    const response = await send(url, "HEAD");
    return response.status === 405 || response.status === 501 ? await send(url, "GET") : response;
  };
  return await followRedirects(new URL(link.url), request, {
    maxRedirects,
    onRedirect: (redirect) => log.event("redirect", redirect),
  });
}

function judge(
  { response: { status }, url, redirects }: Followed,
  timeMs: number,
  slowMs: number,
): Pick<CheckedLink, "verdict" | "status" | "finalUrl" | "redirects" | "reason"> {
  const answer = { status, finalUrl: url.href, redirects, reason: null };
  // Whatever is left of 3xx here is a redirect that leads nowhere.
  if (status >= 300) return { ...answer, verdict: "broken", reason: `Answered ${status}` };
  if (redirects > 0) return { ...answer, verdict: "redirected" };
  return { ...answer, verdict: timeMs >= slowMs ? "slow" : "ok" };
}
