import {
  EventsGoneError,
  PayloadError,
  RunConflictError,
  SerializationError,
  UnknownRunError,
  UnknownStepError,
  UnknownWorkflowError,
  type WorkflowError,
} from "../../core/errors.ts";
import { plainIssue, type SchemaIssue } from "../../core/standard_schema.ts";

/** An error on its way from an object to a Worker, with what its class is made of. */
export type ToldError =
  & { readonly message: string }
  & (
    | { readonly name: "UnknownRunError" | "RunConflictError"; readonly runId: string }
    | { readonly name: "EventsGoneError"; readonly runId: string; readonly after: number; readonly first: number }
    | { readonly name: "UnknownWorkflowError"; readonly workflowName: string }
    | { readonly name: "UnknownStepError"; readonly stepName: string }
    | { readonly name: "PayloadError"; readonly stepName: string; readonly issues: readonly SchemaIssue[] }
    | { readonly name: "SerializationError"; readonly stepName: string | null; readonly path: string }
  );

/** The error as it is told, if a caller may want to catch it there; else `null`. */
export function tellError(error: unknown): ToldError | null {
  if (error instanceof PayloadError) {
    const { name, message, stepName } = error;
    return { name, message, stepName, issues: error.issues.map(plainIssue) };
  }
  if (error instanceof EventsGoneError) {
    const { name, message, runId, after, first } = error;
    return { name, message, runId, after, first };
  }
  if (error instanceof SerializationError) {
    const { name, message, stepName, path } = error;
    return { name, message, stepName, path };
  }
  if (error instanceof UnknownRunError || error instanceof RunConflictError) {
    const { name, message, runId } = error;
    return { name, message, runId };
  }
  if (error instanceof UnknownWorkflowError) {
    const { name, message, workflowName } = error;
    return { name, message, workflowName };
  }
  if (error instanceof UnknownStepError) {
    const { name, message, stepName } = error;
    return { name, message, stepName };
  }
  return null;
}

/** The error that was told, of its class again. */
export function toError(told: ToldError): WorkflowError {
  const error = ofItsClass(told);
  // What the words were made of is not told, but the words are.
  error.message = told.message;
  return error;
}

function ofItsClass(told: ToldError): WorkflowError {
  switch (told.name) {
    case "UnknownRunError":
      return new UnknownRunError(told.runId);
    case "RunConflictError":
      return new RunConflictError(told.runId, "");
    case "EventsGoneError":
      return new EventsGoneError(told.runId, told.after, told.first);
    case "UnknownWorkflowError":
      return new UnknownWorkflowError(told.workflowName, []);
    case "UnknownStepError":
      return new UnknownStepError(told.stepName, []);
    case "PayloadError":
      return new PayloadError(told.stepName, told.issues);
    case "SerializationError":
      return new SerializationError(told.stepName, told.path, "");
  }
}
