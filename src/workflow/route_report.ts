import type { Step } from "../core/step.ts";
import type { RegisteredStep } from "../engine/registered_step.ts";

/** What looks wrong about a workflow's routes, as far as they are known before a run. */
export interface RouteReport {
  /** Routes to steps that the workflow lacks: errors when a run starts if `routes` declares them, else when taken. */
  readonly unknownTargets: readonly { readonly step: string; readonly target: string }[];
  /** Steps that no known route leads to, except those that runs start at. */
  readonly unreached: readonly string[];
  /** Steps whose decision may lead anywhere: neither `routes` nor a routing helper says where. */
  readonly undeclared: readonly string[];
}

/** Looks at all known routes. */
export function reportRoutes(
  steps: ReadonlyMap<string, RegisteredStep>,
  starts: readonly string[],
): RouteReport {
  const unknownTargets: { step: string; target: string }[] = [];
  const undeclared: string[] = [];
  const reached = new Set(starts);
  for (const [name, { step }] of steps) {
    const targets = targetsOf(step);
    if (targets === null) undeclared.push(name);
    for (const target of targets ?? []) {
      reached.add(target);
      if (!steps.has(target)) unknownTargets.push({ step: name, target });
    }
  }
  return { unknownTargets, unreached: [...steps.keys()].filter((name) => !reached.has(name)), undeclared };
}

/** The steps that a step may route to, `null` if that may be any. */
function targetsOf({ decision, routes }: Step): readonly string[] | null {
  if (routes !== undefined) return routes;
  if (decision === undefined) return [];
  return "targets" in decision && Array.isArray(decision.targets) ? decision.targets : null;
}
