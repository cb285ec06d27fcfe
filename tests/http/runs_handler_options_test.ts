import { createRunsHandler, type RunsHandlerOptions } from "@stepstream/workflow/http";
import { assertThrows } from "@std/assert";
import { FakeRuns } from "./fake_runs.ts";

const REFUSED: readonly RunsHandlerOptions[] = [
  { basePath: "api" },
  { basePath: "/api/" },
  { basePath: "/" },
  { publicUrl: "/api/" },
  { publicUrl: "api" },
  { publicUrl: "javascript:alert(1)" },
  { publicUrl: "/a\r\nb" },
  { maxBodyBytes: 0 },
  { maxBodyBytes: 1.5 },
  { maxPayloadDepth: -1 },
  { maxRuns: NaN },
  { maxReadersPerRun: -1 },
  { maxConnectionMs: 0 },
  { maxConnectionMs: 2 ** 31 },
  { heartbeatMs: 0 },
  { retryMs: -1 },
  { cors: { origins: ["*"] } },
  { cors: { origins: ["null"] } },
  { cors: { origins: ["https://example.com/"] } },
  { cors: { origins: ["example.com"] } },
];

for (const options of REFUSED) {
  Deno.test(`createRunsHandler() refuses ${JSON.stringify(options)}`, async () => {
    await using runs = new FakeRuns();

    assertThrows(() => createRunsHandler(runs, options), RangeError, "Cannot ");
  });
}
