import { type Clock, systemClock } from "../core/clock.ts";
import type { RunQuery } from "../core/run_store.ts";
import type { EncodeEventOptions } from "../sse/encode_event.ts";
import {
  assertObject,
  assertProperties,
  type Check,
  isClock,
  isFunction,
  isLimit,
  isTimer,
  type Refusal,
} from "../workflow/assertions.ts";
import { isStarts } from "./assert_starts.ts";
import { assertCors, type CorsOptions } from "./cors.ts";

/** What a client wants to do. */
export type RunsAction =
  | {
    /** It wants to start a run, or to find the one it has started. */
    readonly type: "start";
    /** The workflow it names; whether there is one is not known yet. */
    readonly workflow: string;
    /** The step it names. */
    readonly start: string;
    /** The payload as it came; no schema has seen it. */
    readonly payload: unknown;
    /** The id that the run will have. */
    readonly runId: string;
  }
  | {
    /** It wants to know a run's status, to read its events, or to cancel it. */
    readonly type: "read" | "follow" | "cancel";
    /** The id it names; whether there is such a run is not known yet. */
    readonly runId: string;
  }
  | {
    /** It wants to list the runs of everybody. */
    readonly type: "list";
    /** Which of them. */
    readonly query: RunQuery;
  };

/** Options of {@linkcode createRunsHandler}. */
export interface RunsHandlerOptions extends EncodeEventOptions {
  /** The path before the routes in the URLs that the handler gets, e.g. `/api`. Default: `""`. */
  readonly basePath?: string | undefined;
  /**
   * Where clients find the routes, e.g. `/api` or `https://example.com/api`. Default: `Location` and `events` are
   * relative to the URL of the client's request, which is right under any prefix, mounted or behind a proxy. The pages of a full URL's host count as the site's own,
   * which a proxy that changes the `Host` field would hide.
   */
  readonly publicUrl?: string | undefined;
  /**
   * Whether a client may do something: only `true` allows it. A `Response` is sent instead, e.g. 401 with a challenge;
   * make a new one each time. It is asked on every request, reconnects included, before any run is looked up; by then
   * the request's body has been read. A client that may not is told that there is no such run (404), or 403 for a start
   * and for the list. Default: whoever knows a run's id may read and cancel it, everybody may start runs, and nobody may
   * list them.
   */
  readonly authorize?:
    | ((request: Request, action: RunsAction) => boolean | Response | Promise<boolean | Response>)
    | undefined;
  /**
   * Whose idempotency keys those of a request are, e.g. a tenant's id, so that two tenants may use the same key. Put a
   * secret of yours in it, and nobody who guesses a key can work out the id of its run. Default: `""`, one scope for
   * all.
   *
   * @see {@link https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/}
   */
  readonly keyScope?: ((request: Request) => string | Promise<string>) | undefined;
  /** The steps that clients may start at, by workflow. Default: any step of any workflow. */
  readonly starts?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Which other sites' pages may use the routes. Default: none. */
  readonly cors?: CorsOptions | undefined;
  /** The most bytes of a request's body; beyond that 413. Default: 1 048 576. */
  readonly maxBodyBytes?: number | undefined;
  /** The deepest nesting of arrays and objects in a payload; beyond that 422. Default: 100. */
  readonly maxPayloadDepth?: number | undefined;
  /** How many runs may be active at once, whoever started them; beyond that a start gets 429. Default: 1 000. */
  readonly maxRuns?: number | undefined;
  /** How many clients may follow one run at once; beyond that 429. Default: 1 000. */
  readonly maxReadersPerRun?: number | undefined;
  /** How many clients may follow runs at once; beyond that 429. Default: 10 000. */
  readonly maxReaders?: number | undefined;
  /**
   * How long a stream of events may last, in ms; then it ends, and the client comes back for the rest. It bounds how
   * long a client that has vanished, or may no longer read, holds a place. Up to a fifth is taken off at random.
   * Default: 300 000.
   */
  readonly maxConnectionMs?: number | undefined;
  /**
   * How long a stream of events may be silent before a sign of life is sent, in ms. Keep it below the read timeout of
   * the server (Bun closes the connection after 10 s) and of every proxy on the way. Default: 8 000.
   */
  readonly heartbeatMs?: number | undefined;
  /** How long an `EventSource` waits before it reconnects, in ms. Default: 2 000. */
  readonly retryMs?: number | undefined;
  /** Called with the errors that clients see only as a 500 or a broken stream. It must not throw. Default: none. */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
  /** Where the timers come from. Default: the platform. */
  readonly clock?: Clock | undefined;
}

/** The options with their defaults, checked. */
export interface RunsHandlerSettings {
  readonly basePath: string;
  readonly publicUrl: string | null;
  readonly authorize: NonNullable<RunsHandlerOptions["authorize"]> | null;
  readonly keyScope: (request: Request) => string | Promise<string>;
  readonly starts: Readonly<Record<string, readonly string[]>> | null;
  readonly cors: CorsOptions | null;
  readonly maxBodyBytes: number;
  readonly maxPayloadDepth: number;
  readonly maxRuns: number;
  readonly maxReadersPerRun: number;
  readonly maxReaders: number;
  readonly maxConnectionMs: number;
  readonly heartbeatMs: number;
  readonly retryMs: number;
  readonly describeError: EncodeEventOptions["describeError"];
  readonly onError: (error: unknown, request: Request) => void;
  readonly clock: Clock;
}

/** @throws {TypeError | RangeError} If an option is not of its kind. */
export function toSettings(options: RunsHandlerOptions): RunsHandlerSettings {
  assertObject(options, "options");
  assertProperties(options, CHECKS);
  if (options.cors !== undefined) assertCors(options.cors);
  return {
    basePath: options.basePath ?? "",
    publicUrl: options.publicUrl ?? null,
    authorize: options.authorize ?? null,
    keyScope: options.keyScope ?? (() => ""),
    starts: options.starts ?? null,
    cors: options.cors ?? null,
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    maxPayloadDepth: options.maxPayloadDepth ?? 100,
    maxRuns: options.maxRuns ?? 1_000,
    maxReadersPerRun: options.maxReadersPerRun ?? 1_000,
    maxReaders: options.maxReaders ?? 10_000,
    maxConnectionMs: options.maxConnectionMs ?? 300_000,
    heartbeatMs: options.heartbeatMs ?? 8_000,
    retryMs: options.retryMs ?? 2_000,
    describeError: options.describeError,
    onError: options.onError ?? (() => {}),
    clock: options.clock ?? systemClock,
  };
}

const CHECKS: Readonly<Record<string, Check>> = {
  basePath: (value) => isPath(value, /^(?:\/[!-~]*(?<!\/))?$/, 'a path with no slash at its end, or ""'),
  publicUrl: (value) =>
    isPath(value, /^(?:(?:https?:\/)?\/[!-~]*(?<!\/))?$/, 'a path or URL with no slash at its end, or ""'),
  authorize: isFunction,
  keyScope: isFunction,
  starts: isStarts,
  maxBodyBytes: (value) => isLimit(value, 1),
  maxPayloadDepth: (value) => isLimit(value, 0),
  maxRuns: (value) => isLimit(value, 0),
  maxReadersPerRun: (value) => isLimit(value, 0),
  maxReaders: (value) => isLimit(value, 0),
  maxConnectionMs: isTimer,
  heartbeatMs: isTimer,
  retryMs: (value) => isTimer(value, 0),
  describeError: isFunction,
  onError: isFunction,
  clock: isClock,
};

function isPath(value: unknown, pattern: RegExp, expected: string): Refusal {
  if (typeof value !== "string") return ["a string", TypeError];
  return pattern.test(value) ? null : [expected, RangeError];
}
