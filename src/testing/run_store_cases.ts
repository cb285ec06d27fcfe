import type { RunStoreCase } from "./run_store_case.ts";
import { claimCases } from "./run_store_claim_cases.ts";
import { commitCases } from "./run_store_commit_cases.ts";
import { createCases } from "./run_store_create_cases.ts";
import { eventCases } from "./run_store_event_cases.ts";
import { listCases } from "./run_store_list_cases.ts";
import { textCases } from "./run_store_text_cases.ts";

/** What a {@linkcode RunStore} promises, case by case. A store that passes all of them keeps the contract. */
export const runStoreCases: readonly RunStoreCase[] = [
  ...createCases,
  ...commitCases,
  ...eventCases,
  ...claimCases,
  ...listCases,
  ...textCases,
];
