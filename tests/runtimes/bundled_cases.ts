import { bundle } from "../tools/bundle.ts";

let bundled: Promise<string> | undefined;

/** The cases as one module, which every runtime but Deno loads as it is. */
export function bundledCases(): Promise<string> {
  return bundled ??= bundle("tests/runtimes/cases/mod.ts");
}
