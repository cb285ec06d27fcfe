import type { RunsAction, RunsHandlerSettings } from "./runs_handler_options.ts";

/** Whether a client may do something, as `authorize` tells. */
export async function isAllowed(
  { authorize }: Pick<RunsHandlerSettings, "authorize">,
  request: Request,
  action: RunsAction,
): Promise<boolean> {
  // What is not plainly allowed is not allowed, whatever an untyped hook answers.
  return authorize === null || await authorize(request, action) === true;
}
