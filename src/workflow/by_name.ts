import { UnknownWorkflowError } from "../core/errors.ts";
import { assertIs, isList } from "./assertions.ts";
import { Workflow } from "./workflow.ts";

/**
 * The workflows by their names.
 *
 * @param purpose What they are for, as an error says it: "make a runner", say
 * @throws {TypeError | RangeError} If it is no list of workflows, or two have one name.
 */
export function byName(workflows: readonly Workflow[], purpose: string): ReadonlyMap<string, Workflow> {
  assertIs(workflows, isList, "workflows");
  const known = new Map<string, Workflow>();
  for (const workflow of workflows) {
    if (!(workflow instanceof Workflow)) throw new TypeError(`Cannot ${purpose}: expected workflows`);
    const { name } = workflow;
    if (known.has(name)) throw new RangeError(`Cannot ${purpose}: two workflows have the name ${JSON.stringify(name)}`);
    known.set(name, workflow);
  }
  return known;
}

/**
 * The workflow of a name.
 *
 * @throws {UnknownWorkflowError} If there is none.
 */
export function findByName(workflows: ReadonlyMap<string, Workflow>, name: string): Workflow {
  const workflow = workflows.get(name);
  if (workflow === undefined) throw new UnknownWorkflowError(name, workflows.keys());
  return workflow;
}
