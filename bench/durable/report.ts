import { formatSpread } from "../tools/spread.ts";
import type { Contestant } from "./contestants.ts";
import type { Resume } from "./resume.ts";
import type { Speed } from "./speed.ts";

/** The table of what steps cost. */
export function tableOfSpeed(speeds: ReadonlyMap<Contestant, Speed>): readonly string[] {
  const rows = [...speeds].map(([contestant, speed]) => {
    const { title, survives } = contestant;
    if ("why" in speed) {
      return [title, survives, `did not run: ${speed.why}`, "", "", "", ""];
    }
    const numbers = [speed.stepsPerSecond, speed.barePerSecond].map(spread);
    return [title, survives, ...numbers, ratio(contestant, speeds), spread(speed.bytesPerStep), spread(speed.jobMs)];
  });
  return table(
    [
      "engine",
      "a kept step survives",
      "steps/s",
      "bare loop, writes/s",
      "ratio",
      "bytes written/step",
      "whole job, ms",
    ],
    rows,
  );
}

/** The table of how runs go on after a crash. */
export function tableOfResumes(resumes: ReadonlyMap<Contestant, Resume>): readonly string[] {
  const rows = [...resumes].map(([{ title, resumes: how }, resume]) => {
    if ("why" in resume) {
      return [title, how ?? "", `did not run: ${resume.why}`, "", "", ""];
    }
    const times = (["readyMs", "nextStepMs", "endMs"] as const).map((key) => spread(resume.map((times) => times[key])));
    return [title, how ?? "", ...times, spread(resume.map(({ repeated }) => repeated))];
  });
  return table(
    [
      "engine",
      "taken up by",
      "process ready, ms",
      "next step kept, ms",
      "end read, ms",
      "actions repeated",
    ],
    rows,
  );
}

function ratio(contestant: Contestant, speeds: ReadonlyMap<Contestant, Speed>): string {
  const speed = speeds.get(contestant);
  if (speed === undefined || "why" in speed) return "";
  const { beside } = contestant;
  if (beside === "bare") return `${besideRounds(speed.stepsPerSecond, speed.barePerSecond)} x bare`;
  for (const [{ engine, title }, other] of speeds) {
    if (engine === beside && !("why" in other)) {
      return `${besideRounds(speed.stepsPerSecond, other.stepsPerSecond)} x ${title}`;
    }
  }
  return "–";
}

/** What the ratio was in the rounds: what else the machine did in a round met both. */
function besideRounds(rounds: readonly number[], others: readonly number[]): string {
  return formatSpread(rounds.map((rate, round) => rate / (others[round] ?? NaN)), (ratio) => ratio.toFixed(2));
}

function spread(values: readonly number[]): string {
  return formatSpread(values, whole);
}

function whole(value: number): string {
  return Number.isNaN(value) ? "–" : Math.round(value).toLocaleString("en");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
