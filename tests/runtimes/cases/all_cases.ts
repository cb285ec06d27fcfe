import { cancelCases } from "./cancel_cases.ts";
import { clientCases } from "./client_cases.ts";
import { groupCases } from "./group_cases.ts";
import { httpCases } from "./http_cases.ts";
import { moduleScopeCases } from "./module_scope_cases.ts";
import { policyCases } from "./policy_cases.ts";
import { runnerCases } from "./runner_cases.ts";
import type { RuntimeCase } from "./runtime_case.ts";
import { sseCases } from "./sse_cases.ts";
import { memoryStoreCases } from "./store_cases.ts";
import { storedCases } from "./stored_cases.ts";
import { streamCases } from "./stream_cases.ts";

/** What every runtime has to keep to, with nothing around it. */
export const allCases: readonly RuntimeCase[] = [
  ...moduleScopeCases,
  ...streamCases,
  ...cancelCases,
  ...policyCases,
  ...groupCases,
  ...storedCases,
  ...runnerCases,
  ...sseCases,
  ...httpCases,
  ...clientCases,
  ...memoryStoreCases,
];
