/** Throws where what a store is opened with is not what it expects. */
export function assertOpenedWith(isRight: boolean, expected: string, given: unknown): void {
  if (isRight) return;
  const shown = typeof given === "string" ? JSON.stringify(given.slice(0, 40)) : given === null ? "null" : typeof given;
  throw new TypeError(`Cannot open a store: expected ${expected}: ${shown}`);
}
