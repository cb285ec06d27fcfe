import type { StepLogHelper } from "@stepstream/workflow";
import { type Fetch, followRedirects } from "./follow_redirects.ts";
import { describeNetworkError } from "./network_error.ts";
import { type Link, type PageLinks, readLinks } from "./read_links.ts";

/** A page that was read. */
export interface Page {
  /** Where it was in the end, after redirects. */
  readonly url: string;
  readonly links: readonly Link[];
  /** What a reader of the report should know: what was left out, and why. */
  readonly notes: readonly string[];
}

/** What {@linkcode fetchPage} needs besides the URL. */
export interface FetchPageOptions {
  readonly fetch: Fetch;
  readonly maxRedirects: number;
  readonly maxPageBytes: number;
  readonly maxLinks: number;
  readonly signal: AbortSignal;
  readonly log: StepLogHelper;
}

/** Thrown when there is no page to read links from. */
export class PageError extends Error {
  override readonly name = "PageError";
}

/** Fetches a page and reads its links. */
export async function fetchPage(url: string, options: FetchPageOptions): Promise<Page> {
  const { log, maxLinks, maxPageBytes } = options;
  const { pageUrl, links, bytes, isCut } = await readPage(url, options);
  log.event("page", { url: pageUrl.href, bytes, links: links.length });

  const notes: string[] = [];
  if (isCut) notes.push(`The page is longer than ${maxPageBytes} bytes: links after that were not seen`);
  if (links.length > maxLinks) {
    notes.push(`The page has ${links.length} links: only the first ${maxLinks} were checked`);
  }
  for (const note of notes) log.event("note", { note });
  return { url: pageUrl.href, links: links.slice(0, maxLinks), notes };
}

interface ReadPage extends PageLinks {
  readonly pageUrl: URL;
}

async function readPage(url: string, options: FetchPageOptions): Promise<ReadPage> {
  const start = new URL(url);
  start.hash = "";
  try {
    return await request(start, options);
  } catch (error) {
    if (options.signal.aborted || error instanceof PageError) throw error;
    throw new PageError(`Cannot read ${start.href}: ${describeNetworkError(error)}`, { cause: error });
  }
}

async function request(start: URL, options: FetchPageOptions): Promise<ReadPage> {
  const { fetch, log, signal, maxRedirects, maxPageBytes: maxBytes } = options;
  const get = (url: URL): Promise<Response> => {
    log.event("request", { method: "GET", url: url.href });
    return fetch(url, { headers: { accept: "text/html" }, signal });
  };
  const { response, url: pageUrl } = await followRedirects(start, get, {
    maxRedirects,
    onRedirect: (redirect) => log.event("redirect", redirect),
  });
  const problem = problemOf(response);
  if (problem === null) return { pageUrl, ...await readLinks(response, { pageUrl, maxBytes }) };
  await response.body?.cancel();
  throw new PageError(`Cannot read ${pageUrl.href}: ${problem}`);
}

function problemOf({ status, headers }: Response): string | null {
  if (status < 200 || status >= 300) return `it answered ${status}`;
  const contentType = headers.get("content-type") ?? "";
  const isHtml = /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(contentType);
  return isHtml ? null : `it is no HTML page: ${JSON.stringify(contentType.slice(0, 80))}`;
}
