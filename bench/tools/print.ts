import type { Medians } from "./measure.ts";

/** Prints a line of a bench. */
export function print(line: string): void {
  // deno-lint-ignore no-console -- printing is what a bench is for
  console.log(line);
}

/** Prints a title with the runtime it was measured on. */
export function printTitle(title: string): void {
  print(`\n${title} (Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${navigator.hardwareConcurrency} cores)`);
}

/** Prints each contestant's cost a unit and its speed as a multiple of the baseline's: 2.00 is twice as fast. */
export function printRatios(medians: Medians, baseline: string, units: number, unit: string): void {
  const base = medians[baseline] ?? NaN;
  for (const [name, ms] of Object.entries(medians)) {
    const cost = `${((ms * 1e6) / units).toFixed(0)} ns/${unit}`;
    print(`  ${name.padEnd(34)} ${cost.padStart(16)}   ${(base / ms).toFixed(2)} x ${baseline}`);
  }
}
