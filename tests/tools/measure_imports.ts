import { runCommand } from "./run_command.ts";

/** Prints for how many ms a Node that has just started imports a module. */
const PROBE = `
const start = performance.now();
await import(process.argv[1]);
console.log(performance.now() - start);
`;

/**
 * What each module costs a cold Node to import, in ms, shortest first: every time in a process of its own, in turns, so
 * that whatever else the machine does meets them all alike.
 */
export async function measureImports(
  paths: readonly string[],
  rounds: number,
): Promise<readonly (readonly number[])[]> {
  const times = paths.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, path] of paths.entries()) {
      const { code, stdout, stderr } = await runCommand("node", "--input-type=module", "--eval", PROBE, path);
      if (code !== 0) throw new Error(`Cannot import ${path}: ${stderr}`);
      times[index]?.push(Number(stdout));
    }
  }
  return times.map((list) => list.sort((a, b) => a - b));
}
