import { median } from "./measure.ts";

/** The median, and behind it the least and the most there were, unless they look alike: "12 (11–15)". */
export function formatSpread(values: readonly number[], format: (value: number) => string): string {
  const middle = format(median(values));
  const least = format(Math.min(...values));
  const most = format(Math.max(...values));
  return values.length === 0 || least === most ? middle : `${middle} (${least}–${most})`;
}
