import { Parser } from "htmlparser2";

/** A link as the page has it. */
export interface Link {
  /** Absolute, without a fragment. */
  readonly url: string;
  /** The link's text. Untrusted, like everything from a page. */
  readonly text: string;
}

/** What a page holds. */
export interface PageLinks {
  /** Each URL once, in the order of the page. */
  readonly links: readonly Link[];
  /** How many bytes of the page were read. */
  readonly bytes: number;
  /** Whether the page had more than `maxBytes`. */
  readonly isCut: boolean;
}

/** Options of {@linkcode readLinks}. */
export interface ReadLinksOptions {
  /** Where the page came from: what its links are relative to, unless it has a `<base>`. */
  readonly pageUrl: URL;
  readonly maxBytes: number;
}

/** Reads the `http(s)` links out of an HTML response while it arrives; no more than `maxBytes` of it. */
export async function readLinks(response: Response, { pageUrl, maxBytes }: ReadLinksOptions): Promise<PageLinks> {
  const collector = new LinkCollector();
  const parser = new Parser(collector, { decodeEntities: true });
  const decoder = toDecoder(response.headers.get("content-type") ?? "");
  const reader = response.body?.getReader();
  let bytes = 0;
  let isCut = false;
  try {
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      isCut = bytes + part.value.length > maxBytes;
      const chunk = isCut ? part.value.subarray(0, maxBytes - bytes) : part.value;
      bytes += chunk.length;
      parser.write(decoder.decode(chunk, { stream: true }));
      if (isCut) break;
    }
  } finally {
    await reader?.cancel();
  }
  parser.end(decoder.decode());
  return { links: toLinks(collector, pageUrl), bytes, isCut };
}

const MAX_TEXT_LENGTH = 80;

interface RawLink {
  readonly href: string;
  text: string;
}

/** Gathers links as they stand; they are resolved at the end, since a `<base>` may come after them. */
class LinkCollector {
  baseHref: string | null = null;
  readonly found: RawLink[] = [];
  #open: RawLink | null = null;

  onopentag(name: string, attributes: Record<string, string>): void {
    const { href } = attributes;
    if (href === undefined) return;
    if (name === "base") this.baseHref ??= href;
    if (name === "area") this.found.push({ href, text: attributes.alt ?? "" });
    if (name !== "a") return;
    this.#open = { href, text: "" };
    this.found.push(this.#open);
  }

  ontext(text: string): void {
    if (this.#open !== null && this.#open.text.length < MAX_TEXT_LENGTH) this.#open.text += text;
  }

  onclosetag(name: string): void {
    if (name === "a") this.#open = null;
  }
}

function toLinks({ found, baseHref }: LinkCollector, pageUrl: URL): readonly Link[] {
  const base = toHttpUrl(baseHref ?? "", pageUrl) ?? pageUrl;
  const links = new Map<string, Link>();
  for (const { href, text } of found) {
    const url = toHttpUrl(href, base);
    // A link within the page is as good as the page.
    if (url === null || url.href === pageUrl.href || links.has(url.href)) continue;
    links.set(url.href, { url: url.href, text: text.replace(/\s+/g, " ").trim().slice(0, MAX_TEXT_LENGTH) });
  }
  return [...links.values()];
}

function toHttpUrl(href: string, base: URL): URL | null {
  if (!URL.canParse(href, base)) return null;
  const url = new URL(href, base);
  url.hash = "";
  return url.protocol === "http:" || url.protocol === "https:" ? url : null;
}

function toDecoder(contentType: string): TextDecoder {
  const label = /charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(label);
  } catch {
    // An unknown charset: links are nearly always ASCII, which UTF-8 reads as well.
    return new TextDecoder();
  }
}
