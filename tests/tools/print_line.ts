/** Prints a line that a person should see between the names of the tests. */
export function printLine(line: string): void {
  // deno-lint-ignore no-console -- the one place where tests print
  console.log(line);
}
