import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import type { CpuProfile } from "../../../bench/tools/profile.ts";
import { byBytes, byTime, toLines } from "../../../bench/tools/profile_report.ts";
import { TemporaryFolder } from "../../tools/temporary_folder.ts";

Deno.test("bench:profile names the functions that take time and allocate, and leaves the whole profiles in a folder", async () => {
  await using folder = await TemporaryFolder.create();
  const { stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--allow-sys",
      "--allow-env=TMPDIR",
      `--allow-write=${folder.path}`,
      "bench/profile_bench.ts",
      "chain",
      "20000",
    ],
    env: { TMPDIR: folder.path },
  }).output();

  const printed = new TextDecoder().decode(stdout);
  for (const shown of [" ns  ", " B  ", "engine/step_loop.ts"]) assertStringIncludes(printed, shown);
  const [path = ""] = /\S+\.cpuprofile/.exec(printed) ?? [];
  const profile: CpuProfile = JSON.parse(await Deno.readTextFile(path));
  assertGreater(profile.nodes.length, 0);
});

function frame(functionName: string, url: string, lineNumber: number) {
  return { functionName, scriptId: "1", url, lineNumber, columnNumber: 0 };
}

const APPLY = frame("apply", "file:///src/core/state.ts", 51);
const COLLECTOR = frame("(garbage collector)", "", -1);

Deno.test("byTime() sums up a function's own time, and leaves out when nothing is done", () => {
  const profile: CpuProfile = {
    nodes: [APPLY, COLLECTOR, APPLY, frame("(idle)", "", -1)].map((callFrame, index) => ({ id: index + 1, callFrame })),
    startTime: 0,
    endTime: 1_000,
    samples: [1, 2, 3, 4],
    timeDeltas: [300, 200, 300, 200],
  };

  assertEquals(toLines(byTime(profile), 10, (us) => `${us} µs`), [
    "   75.0 %      60 µs  apply core/state.ts",
    "   25.0 %      20 µs  (garbage collector)",
  ]);
});

Deno.test("byBytes() sums up what a function has allocated itself, wherever it was called", () => {
  const inner = { callFrame: APPLY, selfSize: 30, id: 2, children: [] };
  const outer = { callFrame: frame("", "file:///src/engine/run.ts", 0), selfSize: 20, id: 1, children: [inner] };
  const head = { callFrame: APPLY, selfSize: 50, id: 0, children: [outer] };

  assertEquals(byBytes({ head }), [
    { name: "apply", place: "core/state.ts", self: 80, share: 0.8 },
    { name: "(anonymous)", place: "engine/run.ts", self: 20, share: 0.2 },
  ]);
});
