import { WorkflowError } from "../core/errors.ts";

/** Thrown when a run cannot be followed any further: the server refuses it, or fails too often. */
export class FollowError extends WorkflowError {
  /** The name of the class. */
  override readonly name = "FollowError";
  /** The HTTP status of the answer, `null` if there was none. */
  readonly status: number | null;
  /** The title in the server's problem details (RFC 9457), `""` for none. */
  readonly title: string;
  /** The detail in the server's problem details, `""` for none. */
  readonly detail: string;

  /** Says why, followed by the server's title and detail. */
  constructor(because: string, status: number | null, options: FollowErrorOptions = {}) {
    const { title = "", detail = "" } = options;
    super(["Cannot follow the run", because, title, detail].filter(Boolean).join(": "), options);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

/** What is known of a failure besides its reason. */
export interface FollowErrorOptions extends ErrorOptions {
  /** The title of the problem. Default: `""`. */
  readonly title?: string;
  /** The detail of the problem. Default: `""`. */
  readonly detail?: string;
}
