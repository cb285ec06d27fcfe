import type { Runtime } from "node:inspector";
import type { CpuProfile, HeapProfile } from "./profile.ts";

/** A function, and what is its own of what was measured: not what the functions have that it calls. */
export interface Share {
  readonly name: string;
  /** Its file, empty for what is V8's own. The line would be one of the code without its types. */
  readonly place: string;
  readonly self: number;
  /** Of the whole, from 0 to 1. */
  readonly share: number;
}

/** The functions by the time that they took themselves, in µs. */
export function byTime({ nodes, samples = [], timeDeltas = [] }: CpuProfile): readonly Share[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  return toShares(samples.flatMap((id, index) => {
    const frame = frames.get(id);
    // What waits for the next turn takes no time.
    return frame === undefined || frame.functionName === "(idle)" ? [] : [[frame, timeDeltas[index] ?? 0]];
  }));
}

/** The functions by what they allocated themselves, in bytes. */
export function byBytes({ head }: HeapProfile): readonly Share[] {
  const found: [Runtime.CallFrame, number][] = [];
  const left = [head];
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    found.push([node.callFrame, node.selfSize]);
    left.push(...node.children);
  }
  return toShares(found);
}

/** One line for each, with its share and its cost a step. */
export function toLines(shares: readonly Share[], steps: number, format: (self: number) => string): readonly string[] {
  return shares.map(({ name, place, self, share }) =>
    `  ${`${(share * 100).toFixed(1)} %`.padStart(7)} ${format(self / steps).padStart(10)}  ${name} ${place}`.trimEnd()
  );
}

/** A function that is called from several places has a node for each. */
function toShares(parts: readonly (readonly [Runtime.CallFrame, number])[]): readonly Share[] {
  const functions = new Map<string, Omit<Share, "share">>();
  let whole = 0;
  for (const [{ functionName, url, lineNumber }, self] of parts) {
    const place = url.split("/").slice(-2).join("/");
    const name = functionName === "" ? "(anonymous)" : functionName;
    const key = `${name} ${url} ${lineNumber}`;
    functions.set(key, { name, place, self: (functions.get(key)?.self ?? 0) + self });
    whole += self;
  }
  return [...functions.values()].filter(({ self }) => self > 0)
    .map((one) => ({ ...one, share: one.self / whole }))
    .toSorted((a, b) => b.self - a.self);
}
