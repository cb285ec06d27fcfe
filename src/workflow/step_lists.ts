import type { IsAny, StepName } from "../core/inference.ts";
import type { Step } from "../core/step.ts";

/** A step in a list: its name determines its payload type; what it returns is given, not inferred. */
export type OpenStep<Payloads, Context, Returned = unknown> = IsAny<Payloads> extends true ? Step
  : { [Name in StepName<Payloads>]: Step<Payloads, Context, Name, Returned> }[StepName<Payloads>];

/** A list of at least thirteen steps. */
export type ManySteps<Each> = readonly [
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  Each,
  ...Each[],
];
