/** One thing to be timed; it does its work once a call. */
export type Contestants = Readonly<Record<string, () => Promise<unknown>>>;

/** Median milliseconds of a call, by contestant. */
export type Medians = Readonly<Record<string, number>>;

/**
 * Times the contestants in turns, round after round, so that whatever else the machine does meets them all alike. The
 * first rounds warm up and do not count.
 */
export async function measure(contestants: Contestants, rounds = 9, warmUps = 3): Promise<Medians> {
  const times = new Map<string, number[]>(Object.keys(contestants).map((name) => [name, []]));
  for (let round = 0; round < warmUps + rounds; round += 1) {
    for (const [name, work] of Object.entries(contestants)) {
      const start = performance.now();
      await work();
      if (round >= warmUps) times.get(name)?.push(performance.now() - start);
    }
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, median(list)]));
}

/** The middle value, the upper one of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
