import { assertIs, type Check } from "../workflow/assertions.ts";

/** An object with lists of names. */
export const isStarts: Check = (value) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? null
    : ["an object with a list of steps for each workflow", TypeError];

/**
 * Asserts that each of the workflows is there, with a list of names. Steps are not looked at: no host tells which it
 * has.
 *
 * @throws {TypeError | RangeError} If one is not.
 */
export function assertStarts(starts: Readonly<Record<string, unknown>>, workflows: Iterable<string>): void {
  const known = [...workflows];
  for (const [workflow, steps] of Object.entries(starts)) {
    assertIs(steps, isNames, `starts.${workflow}`);
    if (known.includes(workflow)) continue;
    const names = known.length === 0 ? "none" : known.map((name) => JSON.stringify(name)).join(", ");
    throw new RangeError(
      `Cannot take starts: there is no workflow ${JSON.stringify(workflow)}: the runner has ${names}`,
    );
  }
}

const isNames: Check = (value) =>
  Array.isArray(value) && value.every((name) => typeof name === "string") ? null : ["an array of names", TypeError];
