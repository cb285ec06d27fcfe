import type { CheckedLink, Verdict } from "./check_link.ts";
import type { LinkCheckEvent, LinkReport } from "./workflow.ts";

/** Where and how {@linkcode Progress} is shown. */
export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** The width of the terminal; `null` if it is none, which makes every step a line of its own. */
  readonly columns: number | null;
}

/** Shows how far a run is, while it runs. */
export class Progress {
  readonly #options: ProgressOptions;
  #total = 0;
  #checked = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Takes in one event of the run. */
  show(event: LinkCheckEvent): void {
    if (event.type === "step.start" && event.step === "fetch-page") this.#tell(`Reading ${event.payload.url}`);
    if (event.type === "step.start" && event.step === "check-link") this.#tell(this.#count(event.payload.url));
    if (event.type !== "step.result") return;
    if (event.step === "fetch-page") this.#total = event.result.value?.links.length ?? 0;
    if (event.step === "check-link") this.#checked += 1;
  }

  /** Takes the progress line away. */
  clear(): void {
    if (this.#options.columns !== null) this.#options.write("\r\x1b[K");
  }

  #count(url: string): string {
    return `${bar(this.#checked / this.#total)} ${this.#checked + 1} of ${this.#total}  ${url}`;
  }

  #tell(text: string): void {
    const { write, columns } = this.#options;
    const line = printable(text);
    // A line as wide as the terminal would wrap, and `\r` takes back only its last row.
    write(columns === null ? `${line}\n` : `\r\x1b[K${line.slice(0, columns - 1)}`);
  }
}

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

/** The text without what a terminal would obey: control characters, and marks that turn the direction of writing. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]+/gu, " ");
}

const VERDICTS: readonly Verdict[] = ["ok", "redirected", "slow", "broken"];

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

/** A link within the page's own site is told by its path. */
function shorten(url: string, origin: string): string {
  return url.startsWith(`${origin}/`) ? url.slice(origin.length) : url;
}

function bar(share: number): string {
  const width = 20;
  const done = Math.round(share * width);
  return `[${"#".repeat(done)}${".".repeat(width - done)}]`;
}
