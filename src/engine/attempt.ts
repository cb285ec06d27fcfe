import type { StepScope } from "../core/step.ts";
import type { StepLogHelper } from "../core/step_logger.ts";
import type { Token } from "../core/token.ts";

/** What an attempt needs of the run it belongs to. */
export interface AttemptHost {
  readonly runId: string;
  /** True while somebody waits for an event. */
  readonly isWanted: boolean;
  /** Why the run has ended, `null` while it goes on. */
  readonly endReason: { readonly error: unknown } | null;
  /** Settles when somebody asks for an event, or when the run ends. */
  demand(): Promise<void>;
  tellLog(attempt: Attempt, name: string, data: unknown): void;
  tellChunk(attempt: Attempt, value: unknown): void;
  /** The attempt has a signal to abort when the run ends. */
  watch(attempt: Attempt): void;
  /** The attempt is over. */
  unwatch(attempt: Attempt): void;
}

/**
 * One try at a token: the action's scope and its log helper in one, since an object more for each step can be felt.
 * Once it or its run is over, nothing it does counts.
 */
export class Attempt implements StepScope, StepLogHelper {
  readonly attempt: number;
  /** When its `step.start` was told, in epoch milliseconds. */
  #startedAt = 0;
  /** How many log events the reader was too slow for. */
  #droppedLogs = 0;
  readonly #host: AttemptHost;
  readonly #token: Token;
  #isClosed = false;
  #controller: AbortController | null = null;

  constructor(host: AttemptHost, token: Token, attempt: number) {
    this.#host = host;
    this.#token = token;
    this.attempt = attempt;
  }

  get runId(): string {
    return this.#host.runId;
  }

  get token(): number {
    return this.#token.id;
  }

  get step(): string {
    return this.#token.step;
  }

  get idempotencyKey(): string {
    return `${this.#host.runId}/${this.#token.id}`;
  }

  /** Made when it is first asked for: an `AbortController` costs more than a whole step. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      const { endReason } = this.#host;
      if (endReason !== null) this.#controller.abort(endReason.error);
      else if (!this.#isClosed) this.#host.watch(this);
    }
    return this.#controller.signal;
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#host.endReason !== null;
  }

  event(name: string, data?: unknown): void {
    if (typeof name !== "string") {
      throw new TypeError(`Cannot log an event: expected a string as its name: ${typeof name}`);
    }
    if (!this.isClosed) this.#host.tellLog(this, name, data);
  }

  // What follows is the engine's. It is static because actions hold the instance.

  /** True while a generator should go on: somebody wants what it yields, or it has to be told that it is over. */
  static isWanted(attempt: Attempt): boolean {
    return attempt.isClosed || attempt.#host.isWanted;
  }

  /** Settles when somebody asks for an event, or when the run ends. */
  static demand(attempt: Attempt): Promise<void> {
    return attempt.#host.demand();
  }

  static begin(attempt: Attempt, startedAt: number): void {
    attempt.#startedAt = startedAt;
  }

  static startedAt(attempt: Attempt): number {
    return attempt.#startedAt;
  }

  static dropLog(attempt: Attempt): void {
    attempt.#droppedLogs += 1;
  }

  static droppedLogs(attempt: Attempt): number {
    return attempt.#droppedLogs;
  }

  static chunk(attempt: Attempt, value: unknown): void {
    if (!attempt.isClosed) attempt.#host.tellChunk(attempt, value);
  }

  static abort(attempt: Attempt, reason: unknown): void {
    attempt.#controller?.abort(reason);
  }

  /** Ends the attempt: what its action still does is dropped. */
  static close(attempt: Attempt): void {
    attempt.#isClosed = true;
    if (attempt.#controller !== null) attempt.#host.unwatch(attempt);
  }
}
