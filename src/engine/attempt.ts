import type { StepScope } from "../core/step.ts";
import type { StepLogHelper } from "../core/step_logger.ts";
import type { Token } from "../core/token.ts";
import type { Deadline } from "./deadline.ts";
import type { RunPlace } from "./run_place.ts";
import type { RunPlan, RunSettings } from "./run_settings.ts";

/** What an attempt needs of the run it belongs to. */
export interface AttemptHost {
  readonly runId: string;
  readonly place: RunPlace;
  /** True while somebody waits for an event. */
  readonly isWanted: boolean;
  /** Settles when somebody asks for an event, or when the run ends. */
  demand(): Promise<void>;
  /** Settles on a later turn of the event loop, if this one is to be left to others; else `null`. */
  rest(): Promise<void> | null;
  tellLog(attempt: Attempt, name: string, data: unknown): void;
  tellChunk(attempt: Attempt, value: unknown): void;
  /** Tells that a logger threw; answers whether it could. */
  tellLoggerFailed(attempt: Attempt, error: unknown): boolean;
  /** Runs another workflow inside this one, as the action of an attempt. */
  runInside(attempt: Attempt, plan: RunPlan, settings: Pick<RunSettings, "context" | "executor">): Promise<void>;
}

/** What only an attempt has that is timed, tried again or stopped from outside. */
interface Rare {
  /** Nothing may come of the token any more. */
  isDropped: boolean;
  /** What it was aborted for, which may be `undefined`; `null` if it was not. */
  aborted: { readonly reason: unknown } | null;
  deadline: Deadline | null;
  /** Ends the wait that follows the attempt. */
  wake: (() => void) | null;
  /** The attempt after this one. */
  next: Attempt | null;
}

/**
 * One try at a token: the action's scope and its log helper in one, since an object more for each step can be felt.
 * Once it is over, nothing it does counts.
 */
export class Attempt implements StepScope, StepLogHelper {
  readonly attempt: number;
  readonly #host: AttemptHost;
  readonly #token: Token;
  /** When its `step.start` was told, in epoch milliseconds. */
  #startedAt = 0;
  /** How many log events the reader was too slow for. */
  #droppedLogs = 0;
  #isClosed = false;
  #controller: AbortController | null = null;
  /** What few attempts have: an object that is smaller is made sooner. */
  #rare: Rare | null = null;

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
    return this.#host.place.keyOf(this.#token);
  }

  /** Made when it is first asked for: an `AbortController` costs more than a whole step. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      const aborted = this.#rare?.aborted ?? null;
      if (aborted !== null) this.#controller.abort(aborted.reason);
    }
    return this.#controller.signal;
  }

  // Functions that know what they belong to: an action may take its scope and its log apart.

  get heartbeat(): () => void {
    return () => this.#beat();
  }

  get event(): (name: string, data?: unknown) => void {
    return (name, data) => this.#log(name, data);
  }

  #beat(): void {
    Attempt.touch(this);
    this.#host.place.touch();
  }

  #log(name: string, data: unknown): void {
    if (typeof name !== "string") {
      throw new TypeError(`Cannot log an event: expected a string as its name: ${typeof name}`);
    }
    if (this.#isClosed) return;
    this.#beat();
    this.#host.tellLog(this, name, data);
  }

  // What follows is the engine's. It is static because actions hold the instance.

  /** Runs another workflow inside the attempt that the scope belongs to. */
  static runInside(
    scope: StepScope,
    plan: RunPlan,
    settings: Pick<RunSettings, "context" | "executor">,
  ): Promise<void> {
    if (!(#host in scope)) {
      throw new TypeError("Cannot run a workflow inside a step: the scope is not the engine's own");
    }
    return scope.#host.runInside(scope, plan, settings);
  }

  static tellLoggerFailed(attempt: Attempt, error: unknown): boolean {
    return attempt.#host.tellLoggerFailed(attempt, error);
  }

  /** Something inside the attempt has shown that it is alive. */
  static touch(attempt: Attempt): void {
    attempt.#rare?.deadline?.touch();
  }

  static tokenOf(attempt: Attempt): Token {
    return attempt.#token;
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

  static isClosed(attempt: Attempt): boolean {
    return attempt.#isClosed;
  }

  static isDropped(attempt: Attempt): boolean {
    return attempt.#rare !== null && attempt.#rare.isDropped;
  }

  /** The last attempt at the token so far. */
  static last(attempt: Attempt): Attempt {
    let last = attempt;
    // A loop: there may be more attempts than a stack has room for.
    for (let next = last.#rare?.next; next !== undefined && next !== null; next = next.#rare?.next) last = next;
    return last;
  }

  /** Another attempt at the token: the next one, or this one over again for the decision to log with. */
  static follow(attempt: Attempt, number: number): Attempt {
    const next = new Attempt(attempt.#host, attempt.#token, number);
    next.#startedAt = attempt.#startedAt;
    next.#droppedLogs = attempt.#droppedLogs;
    attempt.#more.next = next;
    return next;
  }

  static limit(attempt: Attempt, deadline: Deadline): void {
    attempt.#more.deadline = deadline;
  }

  /** Waits until somebody wants a chunk, or the attempt is over; `null` where that is so already. */
  static demand(attempt: Attempt): Promise<void> | null {
    return attempt.#isClosed || attempt.#host.isWanted ? null : attempt.#waitForDemand();
  }

  /** Settles on the turn of the event loop on which the next chunk may be made; `null` if that is this one. */
  static rest(attempt: Attempt): Promise<void> | null {
    return attempt.#host.rest();
  }

  static chunk(attempt: Attempt, value: unknown): void {
    if (attempt.#isClosed) return;
    attempt.#beat();
    attempt.#host.tellChunk(attempt, value);
  }

  /** Keeps what ends the wait before the next attempt early. */
  static wakeBy(attempt: Attempt, wake: () => void): void {
    attempt.#more.wake = wake;
  }

  /** Ends the attempt: what its action still does is dropped. */
  static close(attempt: Attempt): void {
    attempt.#isClosed = true;
    attempt.#rare?.deadline?.stop();
  }

  /** Ends the attempt from outside, while its action is at work. */
  static abort(attempt: Attempt, reason: unknown): void {
    Attempt.close(attempt);
    attempt.#more.aborted = { reason };
    attempt.#controller?.abort(reason);
  }

  /** Ends the work at the token from outside: nothing comes of it. */
  static drop(attempt: Attempt, reason: unknown): void {
    attempt.#more.isDropped = true;
    Attempt.abort(attempt, reason);
    attempt.#rare?.wake?.();
  }

  get #more(): Rare {
    this.#rare ??= { isDropped: false, aborted: null, deadline: null, wake: null, next: null };
    return this.#rare;
  }

  async #waitForDemand(): Promise<void> {
    this.#rare?.deadline?.pause();
    await this.#host.demand();
    if (!this.#isClosed) this.#rare?.deadline?.resume();
  }
}
