import type { Clock, StepLogHelper } from "@stepstream/workflow";
import { type CheckedLink, unansweredLink } from "./checked_link.ts";
import { type Fetch, type Followed, followRedirects, RedirectError } from "./follow_redirects.ts";
import { RefusedUrlError } from "./guarded_fetch.ts";
import { describeNetworkError } from "./network_error.ts";
import type { Link } from "./read_links.ts";
import { isTemporaryStatus, TemporaryError } from "./temporary_error.ts";

/** What {@linkcode checkLink} needs besides the link. */
export interface CheckLinkOptions {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly slowMs: number;
  readonly maxRedirects: number;
  readonly signal: AbortSignal;
  readonly log: StepLogHelper;
}

/**
 * Asks for a link without its content and judges the answer.
 *
 * @throws {TemporaryError} If another attempt may come to something else.
 */
export async function checkLink(link: Link, options: CheckLinkOptions): Promise<CheckedLink> {
  const { clock, slowMs, signal, log } = options;
  const startedAt = clock.now();
  try {
    const followed = await ask(link, options);
    const { status, headers } = followed.response;
    const timeMs = clock.now() - startedAt;
    log.event("answer", { url: followed.url.href, status, timeMs });
    const checked = { ...link, ...judge(followed, timeMs, slowMs), timeMs };
    if (!isTemporaryStatus(status)) return checked;
    throw new TemporaryError(checked, { retryAfter: headers.get("retry-after") });
  } catch (error) {
    if (signal.aborted || error instanceof TemporaryError) throw error;
    const reason = describeNetworkError(error);
    log.event("failure", { url: link.url, reason });
    const checked = unansweredLink(link, reason, clock.now() - startedAt);
    if (error instanceof RefusedUrlError || error instanceof RedirectError) return checked;
    throw new TemporaryError(checked, { cause: error });
  }
}

async function ask(link: Link, { fetch, maxRedirects, signal, log }: CheckLinkOptions): Promise<Followed> {
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
