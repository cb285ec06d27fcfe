import type { StepScope } from "../core/step.ts";
import type { StepLogHelper } from "../core/step_logger.ts";
import type { Token } from "../core/token.ts";

/** What an attempt needs of the run it belongs to. */
export interface AttemptHost {
  readonly runId: string;
  /** True while somebody waits for an event. */
  readonly isWanted: boolean;
  /** Settles when somebody asks for an event, or when the run ends. */
  demand(): Promise<void>;
  tellLog(attempt: Attempt, name: string, data: unknown): void;
  tellChunk(attempt: Attempt, value: unknown): void;
}

/** One try at a token. It is the action's scope; once closed, nothing it does counts. */
export class Attempt implements StepScope {
  readonly token: number;
  readonly attempt: number;
  readonly step: string;
  /** When its `step.start` was told, in epoch milliseconds. */
  startedAt = 0;
  readonly log: StepLogHelper;
  /** How many log events the reader was too slow for. */
  droppedLogs = 0;
  isClosed = false;
  readonly #host: AttemptHost;
  #controller: AbortController | null = null;
  #abortReason: unknown = undefined;
  #isAborted = false;

  constructor(host: AttemptHost, token: Token, attempt: number) {
    this.#host = host;
    this.token = token.id;
    this.step = token.step;
    this.attempt = attempt;
    this.log = new AttemptLog(this);
  }

  get runId(): string {
    return this.#host.runId;
  }

  get idempotencyKey(): string {
    return `${this.#host.runId}/${this.token}`;
  }

  /** Made when it is first asked for: an `AbortController` costs more than a whole step. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get isWanted(): boolean {
    return this.isClosed || this.#host.isWanted;
  }

  demand(): Promise<void> {
    return this.#host.demand();
  }

  event(name: string, data: unknown): void {
    if (!this.isClosed) this.#host.tellLog(this, name, data);
  }

  chunk(value: unknown): void {
    if (!this.isClosed) this.#host.tellChunk(this, value);
  }

  /** Ends the attempt from outside: what it does from now on is dropped. */
  abort(reason: unknown): void {
    this.isClosed = true;
    this.#isAborted = true;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
  }
}

class AttemptLog implements StepLogHelper {
  readonly #attempt: Attempt;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  event(name: string, data?: unknown): void {
    if (typeof name !== "string") throw new TypeError(`Cannot log an event: its name must be a string: ${typeof name}`);
    this.#attempt.event(name, data);
  }
}
