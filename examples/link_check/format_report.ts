import { type CheckedLink, type Verdict, VERDICTS } from "./checked_link.ts";
import type { LinkReport } from "./link_report.ts";
import { printable } from "./printable.ts";

/** How {@linkcode formatReport} writes. */
export interface FormatOptions {
  readonly isColored: boolean;
}

/** The report as a table, with a sentence below it. */
export function formatReport({ url, links, notes, ...counts }: LinkReport, { isColored }: FormatOptions): string {
  const { origin } = new URL(url);
  const rows = links.map((link) => formatLink(link, origin, isColored));
  const found = VERDICTS.map((verdict) => `${counts[verdict]} ${verdict}`).join(", ");
  return [
    "",
    ...(links.length === 0 ? [] : [HEADING]),
    ...rows,
    ...(links.length === 0 ? [] : [""]),
    `${links.length} ${links.length === 1 ? "link" : "links"} on ${printable(url)}: ${found}`,
    ...notes.map((note) => `Note: ${printable(note)}`),
    "",
  ].join("\n");
}

const COLORS: Readonly<Record<Verdict, string>> = {
  ok: "\x1b[32m",
  redirected: "\x1b[36m",
  slow: "\x1b[33m",
  broken: "\x1b[31m",
};

const HEADING = `${"VERDICT".padEnd(10)}  ${"STATUS".padStart(6)}  ${"TIME".padStart(8)}  LINK`;

function formatLink(link: CheckedLink, origin: string, isColored: boolean): string {
  const { url, verdict, status, timeMs, finalUrl, reason } = link;
  const shown = isColored ? `${COLORS[verdict]}${verdict.padEnd(10)}\x1b[0m` : verdict.padEnd(10);
  const time = `${Math.round(timeMs)} ms`.padStart(8);
  const after = reason !== null ? `  (${reason})` : verdict === "redirected" ? ` → ${shorten(finalUrl, origin)}` : "";
  return `${shown}  ${String(status ?? "-").padStart(6)}  ${time}  ${printable(shorten(url, origin) + after)}`;
}

/** A link within the page's own site is shown by its path. */
function shorten(url: string, origin: string): string {
  return url.startsWith(`${origin}/`) ? url.slice(origin.length) : url;
}
