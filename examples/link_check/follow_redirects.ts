/** The part of `fetch` that the link check uses. */
export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** One redirect on the way. */
export interface Redirect {
  readonly status: number;
  readonly from: string;
  readonly to: string;
}

/** What {@linkcode followRedirects} found at the end of the way. */
export interface Followed {
  /** The first answer that is no redirect. Its body is unread. */
  readonly response: Response;
  /** Where that answer came from. */
  readonly url: URL;
  readonly redirects: number;
}

/** Options of {@linkcode followRedirects}. */
export interface FollowOptions {
  readonly maxRedirects: number;
  /** Called with every redirect before it is followed. */
  readonly onRedirect: (redirect: Redirect) => void;
}

/** Thrown when a redirect leads nowhere, or there are too many. */
export class RedirectError extends Error {
  override readonly name = "RedirectError";
}

/**
 * Fetches `start` and follows redirects, with one request per hop, so that they can be counted and each is guarded.
 */
export async function followRedirects(
  start: URL,
  request: (url: URL) => Promise<Response>,
  { maxRedirects, onRedirect }: FollowOptions,
): Promise<Followed> {
  let url = start;
  for (let redirects = 0;; redirects += 1) {
    const response = await request(url);
    const target = targetOf(response, url);
    if (target === null) return { response, url, redirects };
    await response.body?.cancel();
    if (redirects >= maxRedirects) throw new RedirectError(`More than ${maxRedirects} redirects`);
    onRedirect({ status: response.status, from: url.href, to: target.href });
    url = target;
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function targetOf(response: Response, base: URL): URL | null {
  const location = response.headers.get("location");
  if (location === null || !REDIRECTS.has(response.status)) return null;
  if (!URL.canParse(location, base)) throw new RedirectError("A redirect leads to something that is no URL");
  const target = new URL(location, base);
  target.hash = "";
  return target;
}
