/** Runs every bench, one after the other, each in a process of its own. */
for (const bench of ["engine_bench.ts", "concurrency_bench.ts", "memory_bench.ts", "sse_bench.ts"]) {
  const { code } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--unstable-no-legacy-abort", "--allow-net=127.0.0.1", "--allow-run=deno", bench],
    cwd: new URL(".", import.meta.url),
  }).spawn().status;
  if (code !== 0) Deno.exit(code);
}
