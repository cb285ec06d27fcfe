/** Runs every bench, one after the other, each in a process of its own. */
const LOOPBACK = ["--allow-net=127.0.0.1"];
const DATABASES = [...LOOPBACK, "--allow-read", "--allow-write=/tmp", "--allow-env", "--allow-sys"];

const BENCHES: Readonly<Record<string, readonly string[]>> = {
  "engine_bench.ts": ["--allow-run=deno"],
  "concurrency_bench.ts": [],
  "memory_bench.ts": ["--allow-run=deno"],
  "sse_bench.ts": LOOPBACK,
  "store_bench.ts": [...DATABASES, "--allow-run=env"],
  "readers_bench.ts": [...DATABASES, "--allow-run=deno"],
  "import_bench.ts": ["--allow-read", "--allow-write=/tmp", "--allow-run=deno,node,npm"],
};

for (const [bench, permissions] of Object.entries(BENCHES)) {
  const { code } = await new Deno.Command("deno", {
    args: ["run", "--no-prompt", "--unstable-no-legacy-abort", ...permissions, bench],
    cwd: new URL(".", import.meta.url),
    env: { TMPDIR: "/tmp" },
  }).spawn().status;
  if (code !== 0) Deno.exit(code);
}
