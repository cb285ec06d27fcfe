/**
 * A streaming-first workflow engine: a workflow is a set of named steps, and a run is a live stream of events that can
 * be read, cancelled and drained.
 *
 * @example Usage
 * ```ts
 * import { Workflow } from "@stepstream/workflow";
 *
 * const workflow = new Workflow().add({ name: "greet", action: (_ctx, name) => `Hello, ${name}` });
 *
 * for await (const event of workflow.stream("greet", "Ada")) console.log(event.seq, event.type);
 * ```
 *
 * @module
 */

export type { Clock } from "./src/core/clock.ts";
export { systemClock } from "./src/core/clock.ts";
export {
  ContextConflictError,
  DuplicateStepError,
  EventsGoneError,
  GroupFailedError,
  PayloadError,
  RunCancelledError,
  RunConflictError,
  RunFailedError,
  RunFencedError,
  RunListError,
  RunnerClosedError,
  RunReleasedError,
  RunTimeoutError,
  SerializationError,
  StepLimitError,
  StepTimeoutError,
  StoreError,
  StreamUsedError,
  UndeclaredRouteError,
  UnknownRunError,
  UnknownStepError,
  UnknownWorkflowError,
  VersionMismatchError,
  WorkflowError,
} from "./src/core/errors.ts";
export type * from "./src/core/events.ts";
export type { Executor } from "./src/core/executor.ts";
export type * from "./src/core/inference.ts";
export type { Result } from "./src/core/result.ts";
export type { RetryPolicy } from "./src/core/retry_policy.ts";
export type {
  NewRun,
  RunClaim,
  RunCommit,
  RunHead,
  RunQuery,
  RunStore,
  StoredEvent,
  StoredRecord,
  StoredRun,
  StoredRunStatus,
} from "./src/core/run_store.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./src/core/standard_schema.ts";
export type {
  Action,
  Decision,
  Enqueue,
  FanOutOptions,
  RoutePayload,
  Step,
  StepScope,
  Taking,
} from "./src/core/step.ts";
export type { LogSink, StepLogger, StepLogHelper } from "./src/core/step_logger.ts";
export type { GroupMode, Member, Token, Where } from "./src/core/token.ts";
export type { TraceEntry } from "./src/core/trace.ts";
export type { Migrate, MigrationChanges, MigrationGroup, MigrationState } from "./src/engine/run_settings.ts";
export type { RunOutcome, RunStream } from "./src/engine/run_stream.ts";
export { InProcessExecutor } from "./src/executors/in_process_executor.ts";
export { BaseStepLogger } from "./src/logging/base_step_logger.ts";
export { JsonLogger } from "./src/logging/json_logger.ts";
export type { LoggerOptions } from "./src/logging/logger_options.ts";
export { StructuredLogger } from "./src/logging/structured_logger.ts";
export { MemoryStore } from "./src/stores/memory_store.ts";
export {
  asStep,
  type AsStepOptions,
  type InnerDecision,
  type InnerStep,
  type StepPolicies,
} from "./src/workflow/as_step.ts";
export {
  decideIf,
  type DecideIfOptions,
  decideTo,
  type DecideToOptions,
  type RouteTo,
  type RoutingDecision,
} from "./src/workflow/decisions.ts";
export type { RouteReport } from "./src/workflow/route_report.ts";
export type { ResumeOptions, RunOptions } from "./src/workflow/run_options.ts";
export type { ManySteps, OpenStep } from "./src/workflow/step_lists.ts";
export { type StartArguments, Workflow, type WorkflowOptions } from "./src/workflow/workflow.ts";
