import { PEER_FILES, REFERENCE } from "./peers.ts";
import type { Samples } from "./samples.ts";
import { type Described, format, type Row } from "./tables.ts";

/** What the project wants to hold, with what was measured. */
export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly holds: boolean;
}

const OURS = "stepstream";
const OURS_NO_TRACE = "stepstream_no_trace";
const BASELINE = PEER_FILES[0];

/** The goals, held against the samples; what was not measured does not hold. */
export function checkGoals(samples: Samples, rows: readonly Row[], columns: readonly Described[]): Goal[] {
  const of = (item: string, file: string, key: string): number => samples.number(item, file, key) ?? NaN;
  const speed = of("chain", OURS, "perSecond") / of("chain", BASELINE, "perSecond");
  const speedNoTrace = of("chain", OURS_NO_TRACE, "perSecond") / of("chain", BASELINE, "perSecond");
  const beaten = findBeaten(samples, rows, columns);
  const firstUs = of("first-event", OURS, "event");
  const [toOne, toMany] = [of("sse-1", OURS, "ofRaw"), of("sse-200", OURS, "ofRaw")];
  const coldMs = of("cold-start", OURS, "ms");
  const bareMb = of("memory", REFERENCE, "peak");
  const [moreMb = NaN, moreMbNoTrace = NaN, moreMbByHand = NaN] = [OURS, OURS_NO_TRACE, BASELINE]
    .map((file) => of("memory", file, "peak") - bareMb);
  return [
    {
      goal: "`stream()` at least 0.5 × the generator on trivial steps",
      measured: `${speed.toFixed(2)} ×, ${speedNoTrace.toFixed(2)} × without trace`,
      holds: speed >= 0.5,
    },
    {
      goal: "better than every peer on every item",
      measured: beaten.length === 0 ? "on all" : `not on: ${beaten.join("; ")}`,
      holds: beaten.length === 0,
    },
    { goal: "first event within 5 µs, warm", measured: `${firstUs.toFixed(1)} µs`, holds: firstUs <= 5 },
    {
      goal: "SSE at least 0.6 × a raw body of the same bytes",
      measured: `${toOne.toFixed(2)} × to one client, ${toMany.toFixed(2)} × to 200`,
      holds: Math.min(toOne, toMany) >= 0.6,
    },
    { goal: "cold start within 3 ms of an empty program", measured: `${coldMs.toFixed(1)} ms`, holds: coldMs <= 3 },
    {
      goal: "peak RSS of 1 000 000 steps within 5 MB of a bare loop",
      measured:
        `${moreMb.toFixed(0)} MB above ${bareMb.toFixed(0)} MB, ${moreMbNoTrace.toFixed(0)} MB without trace; ` +
        `the generator by hand ${moreMbByHand.toFixed(0)} MB`,
      holds: moreMb <= 5,
    },
  ];
}

/** The rows on which a peer has a better number, each with the best of them. Code by hand is no peer. */
function findBeaten(samples: Samples, rows: readonly Row[], columns: readonly Described[]): string[] {
  const peers = columns.filter(({ peer }) => peer.package !== undefined);
  return rows.flatMap(({ item, key, metric }) => {
    const ours = samples.number(item, OURS, key);
    if (ours === null || metric.unit === "× raw") return [];
    const isMoreBetter = metric.unit === "/s";
    const better = peers.flatMap(({ file, peer }) => {
      const value = samples.number(item, file, key);
      return value !== null && (isMoreBetter ? value > ours : value < ours) ? [{ name: peer.name, value }] : [];
    });
    const [best] = better.toSorted((a, b) => isMoreBetter ? b.value - a.value : a.value - b.value);
    return best === undefined
      ? []
      : [`${metric.title} (${best.name} ${format(best.value, metric)}, we ${format(ours, metric)})`];
  });
}
