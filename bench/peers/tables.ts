import { formatSpread } from "../tools/spread.ts";
import type { Peer, Skill } from "./contract.ts";
import type { Metric } from "./items/item.ts";
import type { Samples } from "./samples.ts";

/** A peer and the file it is in. */
export interface Described {
  readonly file: string;
  readonly peer: Peer;
}

/** A metric of an item: a row of the table. */
export interface Row {
  readonly item: string;
  readonly key: string;
  readonly metric: Metric;
  /** What a peer lacks that cannot do it. */
  readonly skill: Skill;
}

/** A text in a cell that is longer than this goes under the table. */
const LONGEST_TEXT = 12;

/**
 * The rows for all the columns, and under them what has no number. Beside each median are the least and the most that
 * were measured, and its ratio to the baseline's; without a baseline there are only the medians.
 */
export function toTable(
  samples: Samples,
  rows: readonly Row[],
  columns: readonly Described[],
  baseline: string | null,
): string {
  const notes = new Set<string>();
  const lines = rows.map(({ item, key, metric, skill }) => {
    const base = baseline === null ? null : samples.number(item, baseline, key);
    const cells = columns.map(({ file, peer }) => {
      const value = samples.get(item, file, key);
      if (typeof value === "number") {
        const numbers = baseline === null ? [value] : samples.numbers(item, file, key);
        return `${formatSpread(numbers, (number) => format(number, metric))}${formatRatio(value, base, metric)}`;
      }
      if (value !== null && value.length <= LONGEST_TEXT) return value;
      const lacked = peer.lacks?.[skill];
      if (value !== null) notes.add(`${peer.name}, ${metric.title}: ${value}`);
      else if (lacked !== undefined) notes.add(`${peer.name}: ${lacked}`);
      return "–";
    });
    return toLine([label(metric), ...cells]);
  });
  const head = toLine(["", ...columns.map(({ peer }) => peer.name)]);
  const rule = toLine(["---", ...columns.map(() => "---")]);
  const table = [head, rule, ...lines].join("\n");
  return notes.size === 0 ? table : `${table}\n\n${[...notes].map((note) => `- – ${note}.`).join("\n")}`;
}

/** A number with three digits that count, without its unit. */
export function format(value: number, { unit }: Metric): string {
  if (unit === "actions") return String(value);
  if (unit === "/s" && value >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (unit === "/s" && value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  if (unit === "/s" && value >= 1e3) return `${(value / 1e3).toFixed(1)} k`;
  return Math.abs(value) >= 9.95 ? value.toFixed(0) : value.toPrecision(2);
}

/** How many times as fast, or as small, as the baseline: 2 × is twice as good, whatever the unit. */
export function ratio(value: number, base: number, { unit }: Metric): number {
  return unit === "/s" ? value / base : base / value;
}

function label({ title, unit }: Metric): string {
  if (unit === "/s") return `${title}/s`;
  return ["actions", "yes or no", "× raw"].includes(unit) ? title : `${title}, ${unit}`;
}

function formatRatio(value: number, base: number | null, metric: Metric): string {
  // A count of actions and what is a ratio already have none.
  const hasNone = metric.isDifference === true || ["actions", "× raw", "KB"].includes(metric.unit);
  if (base === null || base <= 0 || hasNone) return "";
  const times = ratio(value, base, metric);
  return `, ${times < 0.01 ? times.toPrecision(1) : times.toFixed(2)} ×`;
}

function toLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}
