import type { Costs } from "./growth.ts";
import { median } from "./measure.ts";
import { formatSpread } from "./spread.ts";

/** How many times as much as at the smallest size a step may cost where the cost does not grow. */
export const FLAT = 1.5;

/** What was measured of one kind of work. */
export interface Measured {
  readonly title: string;
  /** What its sizes count. */
  readonly unit: string;
  readonly costs: Costs;
  /** The same by hand, `null` if that was not measured. */
  readonly byHand: Costs | null;
}

/** The table of one kind of work: a row for each size. */
export function toGrowthTable({ unit, costs, byHand }: Measured): string {
  const ratios = toRatios(costs);
  const ratiosByHand = byHand === null ? null : toRatios(byHand);
  const head = [unit, "ns/step", "ratio", "verdict", ...(byHand === null ? [] : ["by hand, ns/step", "ratio"])];
  const rows = [...costs].map(([size, samples], row) => [
    whole(size),
    formatSpread(samples, whole),
    times(ratios.get(size), 2),
    row === 0 ? "" : toVerdict(ratios.get(size)),
    ...(byHand === null ? [] : [formatSpread(byHand.get(size) ?? [], whole), times(ratiosByHand?.get(size), 2)]),
  ]);
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** What holds of the promise that the cost of a step does not grow, in a sentence. */
export function toConclusion(all: readonly Measured[]): string {
  const grown = all.flatMap(({ title, unit, costs }) =>
    [...toRatios(costs)].filter(([, ratio]) => !isFlat(ratio))
      .map(([size, ratio]) => `${lowered(title)} at ${whole(size)} ${unit} (${times(ratio, 1)})`)
  );
  return grown.length === 0
    ? `All are flat, within ${FLAT} ×.`
    : `Flat within ${FLAT} ×: all but ${grown.join(" and ")}.`;
}

/** How many times the smallest size's cost each size's is. */
function toRatios(costs: Costs): ReadonlyMap<number, number> {
  const medians = [...costs].map(([size, samples]) => [size, median(samples)] as const);
  const smallest = medians[0]?.[1] ?? NaN;
  return new Map(medians.map(([size, ns]) => [size, ns / smallest]));
}

function toVerdict(ratio = NaN): string {
  return isFlat(ratio) ? "flat" : `${times(ratio, 1)}: **not flat**`;
}

function isFlat(ratio: number): boolean {
  return ratio <= FLAT;
}

function times(ratio = NaN, digits: number): string {
  return `${ratio.toFixed(digits)} ×`;
}

function lowered(title: string): string {
  return `${title.charAt(0).toLowerCase()}${title.slice(1)}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}
