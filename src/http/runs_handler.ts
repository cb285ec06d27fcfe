import { EventsGoneError, RunListError, UnknownRunError } from "../core/errors.ts";
import type { RunHead } from "../core/run_store.ts";
import { assertIs, hasMethods } from "../workflow/assertions.ts";
import { acceptable, emptyAnswer, jsonAnswer, tooMany, unknownRun } from "./answers.ts";
import { assertStarts } from "./assert_starts.ts";
import { allowOrigin, isForeign } from "./cors.ts";
import { parseCursor } from "./cursor.ts";
import { eventFeed, missingEvents } from "./event_feed.ts";
import type { FeedFormat } from "./feed_frame.ts";
import { headOf } from "./head_of.ts";
import { isAllowed, OwnAnswer } from "./is_allowed.ts";
import { Problem, unexpectedResponse } from "./problem.ts";
import { ReaderPlaces } from "./reader_places.ts";
import { METHODS, parseRoute, type Route } from "./route.ts";
import { readRunError } from "./run_error.ts";
import { parseRunQuery, toPublicHead, toRunList } from "./run_list.ts";
import { RunStarter } from "./run_starter.ts";
import {
  type RunsAction,
  type RunsHandlerOptions,
  type RunsHandlerSettings,
  toSettings,
} from "./runs_handler_options.ts";
import type { RunsHost } from "./runs_host.ts";

/**
 * Makes a handler of web-standard requests that serves runs: for `Deno.serve`, or mounted in Hono. Clients start runs,
 * follow their events, come back to them and cancel them; a client that leaves stops nothing.
 *
 * - `POST /runs` with `{ workflow?, start, payload?, runId? }` starts a run, once for each `runId` or
 *   `Idempotency-Key`: 201 with `{ runId, events }`, 200 if this run exists already, 409 if another run has the id.
 *   `workflow` may be left out if there is only one. `events` is the address of its events, relative to the request:
 *   `new URL(events, response.url)`. With `accept: text/event-stream` (or `application/x-ndjson`) the answer is the
 *   stream of its events, which continues at its `content-location`.
 * - `GET /runs/:id` tells its status, and the `error` of a run that failed or was cancelled. With
 *   `accept: text/event-stream` (or `application/x-ndjson`) it streams the events, so that a `Location` can be followed
 *   as it is.
 * - `GET /runs/:id/events` streams its events, those after `Last-Event-ID` or `?after=`; 204 after the last one of a
 *   run that has ended, which stops an `EventSource`. If a stream ends without `run.end`, ask again. If events are
 *   missing, or the run has not told as many yet, a message `reset` with `{ after, first }` says so and the stream
 *   ends; an `EventSource` comes back for the events from `first` on. As `application/x-ndjson` it has one event per
 *   line; an empty line is a sign of life.
 * - `DELETE /runs/:id` cancels it: 202, or 204 if it has ended already.
 * - `GET /runs?status=&workflow=&limit=&after=` lists runs, the newest first, 20 unless `limit` (1 to 100) says
 *   otherwise; only with `authorize`.
 *
 * Refusals are `application/problem+json` (RFC 9457). Bodies have to be JSON, and pages of other sites are refused, so
 * that no form and no page but your own can start or cancel a run.
 *
 * Without `authorize` a run's id is all it takes to read and to cancel it. Generated ids are random; a client that
 * chooses a `runId` or an `Idempotency-Key` has to choose one that nobody can guess, unless anybody may read the run.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#processing-model} for 204 and
 * `Last-Event-ID`
 *
 * @throws {TypeError | RangeError} If the runner or an option is of the wrong kind, or `starts` names a workflow that
 * the runner does not have.
 */
export function createRunsHandler(
  runner: RunsHost,
  options: RunsHandlerOptions = {},
): (request: Request) => Promise<Response> {
  assertIs(runner, (value) => hasMethods(value, "start", "follow", "cancel", "get", "list"), "runner");
  const settings = toSettings(options);
  if (settings.starts !== null) assertStarts(settings.starts, runner.workflows);
  const handler = new RunsHandler(runner, settings);
  return (request) => handler.respond(request);
}

const FEED_FORMATS: readonly FeedFormat[] = ["text/event-stream", "application/x-ndjson"];
/** What a run comes in: how it stands, unless its events are asked for. */
const RUN_FORMATS: readonly ("application/json" | FeedFormat)[] = ["application/json", ...FEED_FORMATS];

/** What is to be sent to a reader. */
interface Feed {
  readonly format: FeedFormat;
  readonly after: number;
  /** Whether there are no events up to `after`, so none that follow. */
  readonly isAhead: boolean;
  /** Gives back the reader's place. */
  readonly release: () => void;
}

function refuseList(error: unknown): never {
  throw error instanceof RunListError ? new Problem(501, "There is no list of runs here") : error;
}

class RunsHandler {
  readonly #host: RunsHost;
  readonly #settings: RunsHandlerSettings;
  readonly #starter: RunStarter;
  readonly #readers: ReaderPlaces;

  constructor(host: RunsHost, settings: RunsHandlerSettings) {
    this.#host = host;
    this.#settings = settings;
    this.#starter = new RunStarter(host, settings);
    this.#readers = new ReaderPlaces(settings.maxReaders, settings.maxReadersPerRun);
  }

  async respond(request: Request): Promise<Response> {
    const response = await this.#answer(request).catch((error) => this.#refuse(request, error));
    const { cors } = this.#settings;
    if (cors !== null) allowOrigin(request, response.headers, cors);
    return request.method === "HEAD" ? await headOf(response) : response;
  }

  #refuse(request: Request, error: unknown): Response {
    if (error instanceof Problem) return error.toResponse();
    // It was deleted meanwhile, perhaps between two looks at it.
    if (error instanceof UnknownRunError) return unknownRun().toResponse();
    // A copy, whose headers may be added to. What its body is like is not known, so for HEAD nobody reads it.
    if (error instanceof OwnAnswer) {
      return new Response(request.method === "HEAD" ? null : error.response.body, error.response);
    }
    this.#settings.onError(error, request);
    return unexpectedResponse();
  }

  async #answer(request: Request): Promise<Response> {
    const { basePath } = this.#settings;
    const { method } = request;
    const { pathname, searchParams } = new URL(request.url);
    const route = parseRoute(pathname, basePath);
    if (route === null) throw new Problem(404, "There is nothing at this address");
    const allow = [...METHODS[route.name], "OPTIONS"].join(", ");
    if (method === "OPTIONS") return emptyAnswer(204, { allow });
    if (!METHODS[route.name].includes(method)) {
      throw new Problem(405, `This address takes ${allow}`, { headers: { allow } });
    }
    if ((method === "POST" || method === "DELETE") && isForeign(request, this.#settings)) {
      throw new Problem(403, "Pages of this site may not do this");
    }
    return await this.#perform(request, route, searchParams);
  }

  #perform(request: Request, route: Route, parameters: URLSearchParams): Promise<Response> {
    switch (route.name) {
      case "runs":
        return request.method === "POST" ? this.#start(request) : this.#list(request, parameters);
      case "run":
        return request.method === "DELETE"
          ? this.#cancel(request, route.runId)
          : this.#readOrFollow(request, route.runId, parameters);
      case "events":
        return this.#follow(request, route.runId, parameters, acceptable(request, FEED_FORMATS));
    }
  }

  async #start(request: Request): Promise<Response> {
    const format = acceptable(request, RUN_FORMATS);
    const order = await this.#starter.readOrder(request);
    const { runId } = order;
    const location = this.#linkTo(runId);
    const events = `${location}/events`;
    if (format === "application/json") {
      const isNew = await this.#starter.start(request, order, "read");
      return jsonAnswer({ runId, events }, isNew ? 201 : 200, { location });
    }
    // A place is taken first: a run that its client cannot read is better not started.
    return await this.#withReaderPlace(runId, async (release) => {
      const isNew = await this.#starter.start(request, order, "follow");
      const { body, headers } = this.#feed(request, runId, { format, after: 0, isAhead: false, release });
      headers.set("location", location);
      headers.set("content-location", events);
      return new Response(body, { status: isNew ? 201 : 200, headers });
    });
  }

  async #readOrFollow(request: Request, runId: string, parameters: URLSearchParams): Promise<Response> {
    const format = acceptable(request, RUN_FORMATS);
    const response = format === "application/json"
      ? await this.#read(request, runId)
      : await this.#follow(request, runId, parameters, format);
    response.headers.set("vary", "Accept");
    return response;
  }

  async #read(request: Request, runId: string): Promise<Response> {
    const head = await this.#find(request, { type: "read", runId });
    const error = await readRunError(this.#host, head, this.#settings.describeError);
    return jsonAnswer(error === null ? toPublicHead(head) : { ...toPublicHead(head), error }, 200);
  }

  async #follow(
    request: Request,
    runId: string,
    parameters: URLSearchParams,
    format: FeedFormat,
  ): Promise<Response> {
    const after = parseCursor(request.headers, parameters);
    const { status, lastSeq } = await this.#find(request, { type: "follow", runId });
    const hasEnded = status !== "running" && status !== "suspended";
    // It tells an `EventSource` to stay away. A client that has seen more has seen another run of this id.
    if (hasEnded && after === lastSeq) return emptyAnswer(204);
    if (request.method === "HEAD") return emptyAnswer(200, { "content-type": format });
    return await this.#withReaderPlace(
      runId,
      (release) => this.#feed(request, runId, { format, after, isAhead: after > lastSeq, release }),
    );
  }

  async #cancel(request: Request, runId: string): Promise<Response> {
    await this.#assertAllowed(request, { type: "cancel", runId });
    return emptyAnswer(await this.#host.cancel(runId) ? 202 : 204);
  }

  async #list(request: Request, parameters: URLSearchParams): Promise<Response> {
    acceptable(request, ["application/json"]);
    const query = parseRunQuery(parameters);
    const { authorize } = this.#settings;
    // Everybody's runs are for nobody in particular.
    if (authorize === null || !await isAllowed({ authorize }, request, { type: "list", query })) {
      throw new Problem(403, "Runs may not be listed");
    }
    // One more tells whether there are more.
    const heads = await this.#host.list({ ...query, limit: query.limit + 1 }).catch(refuseList);
    return jsonAnswer(toRunList(heads, query.limit), 200);
  }

  #feed(request: Request, runId: string, { format, after, isAhead, release }: Feed): Response {
    const { onError } = this.#settings;
    const events = isAhead
      // What the client has seen is not there any more: all it can do is to begin again.
      ? missingEvents(new EventsGoneError(runId, after, 1))
      : this.#host.follow(runId, { after });
    return eventFeed(events, {
      ...this.#settings,
      format,
      signal: request.signal,
      onClose: release,
      onError: (error) => onError(error, request),
    });
  }

  async #find(request: Request, action: RunsAction & { readonly type: "read" | "follow" }): Promise<RunHead> {
    await this.#assertAllowed(request, action);
    const head = await this.#host.get(action.runId);
    if (head === null) throw unknownRun();
    return head;
  }

  async #assertAllowed(request: Request, action: RunsAction): Promise<void> {
    // The same answer as for a run there is not: for who may not see it, it does not exist.
    if (!await isAllowed(this.#settings, request, action)) throw unknownRun();
  }

  /** Takes a place for a reader, who gives it back when the answer has been read, or it comes to none. */
  async #withReaderPlace(
    runId: string,
    answer: (release: () => void) => Response | Promise<Response>,
  ): Promise<Response> {
    const release = this.#readers.take(runId);
    if (release === null) throw tooMany("All places for readers are taken");
    try {
      return await answer(release);
    } catch (error) {
      release();
      throw error;
    }
  }

  #linkTo(runId: string): string {
    const { publicUrl } = this.#settings;
    const path = `runs/${encodeURIComponent(runId)}`;
    return publicUrl === null ? path : `${publicUrl}/${path}`;
  }
}
