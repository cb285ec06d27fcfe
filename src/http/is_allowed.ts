import type { RunsAction, RunsHandlerSettings } from "./runs_handler_options.ts";

/** Thrown where `authorize` has an answer of its own. */
export class OwnAnswer extends Error {
  override readonly name = "OwnAnswer";
  readonly response: Response;

  constructor(response: Response) {
    super("authorize has answered");
    this.response = response;
  }
}

/**
 * Whether a client may do something, as `authorize` tells.
 *
 * @throws {OwnAnswer} If it answers the client itself.
 * @throws {TypeError} If it does so by what has been another client's answer.
 */
export async function isAllowed(
  { authorize }: Pick<RunsHandlerSettings, "authorize">,
  request: Request,
  action: RunsAction,
): Promise<boolean> {
  if (authorize === null) return true;
  const answer = await authorize(request, action);
  if (answer instanceof Response) throw new OwnAnswer(assertUnread(answer));
  // What is not plainly allowed is not allowed, whatever an untyped hook answers.
  return answer === true;
}

function assertUnread(response: Response): Response {
  if (!response.bodyUsed && response.body?.locked !== true) return response;
  throw new TypeError(
    "Cannot give the answer of authorize, because its body was read before: make a Response for each request",
  );
}
