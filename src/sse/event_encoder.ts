import { describeError } from "../core/describe_error.ts";
import type {
  EventBase,
  RoutedToken,
  StepEventBase,
  StepResultEvent,
  StepStartEvent,
  WorkflowEvent,
} from "../core/events.ts";
import type { Any } from "../core/inference.ts";
import { toJson } from "../core/json.ts";
import { toText } from "../core/to_text.ts";
import type { Where } from "../core/token.ts";
import { NameCache } from "./name_cache.ts";

/** An error as a reader sees it. */
export interface PublicError {
  /** The name of the error's class, e.g. `TypeError`. */
  readonly name: string;
  /** What went wrong, in words for the reader. */
  readonly message: string;
}

/**
 * Writes events as messages of a server-sent event stream. The JSON is put together by hand from few and long pieces,
 * which takes less than half the time of `JSON.stringify`; only what the user's steps made goes through that.
 */
export class EventEncoder {
  readonly #describeError: (error: unknown) => PublicError;
  readonly #names = new NameCache();
  readonly #steps = new NameCache(`,"step":`, `,"attempt":`);
  readonly #heads = new NameCache(`,"step":`, `,"where":"head"}`);
  readonly #tails = new NameCache(`,"step":`, `,"where":"tail"}`);
  /** The same up to the values that come next, as they are in most steps. */
  readonly #stepsAtFirst = new NameCache(`,"step":`, `,"attempt":1,"payload":`);
  readonly #onlyTails = new NameCache(`,"step":`, `,"where":"tail"}],"queueLength":`);
  #runId = "";
  /** No time is equal to it, so the first event writes its own. */
  #at = NaN;
  /** Those two in a step's event: mostly they are those of the event before. */
  #origin = "";

  constructor(describe: ((error: unknown) => PublicError) | undefined) {
    this.#describeError = describe ?? toPublicError;
  }

  /** @see encodeEvent */
  encode(event: WorkflowEvent<Any, Any>): string {
    const { seq } = event;
    // Events may come from a store or another machine: what is no number could forge a field.
    if (!Number.isSafeInteger(seq) || seq < 0) throw new TypeError("Cannot encode an event: its seq is no number");
    switch (event.type) {
      case "run.start":
        return `id: ${seq}\ndata: {"type":"run.start","seq":${seq}${this.#run(event)},"workflow":${
          this.#names.get(event.workflow)
        },"version":${this.#names.get(event.version)},"start":${this.#names.get(event.start)}${
          this.#field(`,"payload":`, event.payload, null, "payload")
        }}\n\n`;
      case "step.start":
        return `id: ${seq}\ndata: {"type":"step.start","seq":${seq}${this.#token(event)},"parent":${
          toNumber(event.parent)
        }${this.#stepAndPayload(event)}}\n\n`;
      case "step.log":
        return `id: ${seq}\ndata: {"type":"step.log","seq":${seq}${this.#token(event)}${this.#step(event)},"name":${
          this.#names.get(event.name)
        }${this.#field(`,"data":`, event.data, event.step, "data")}}\n\n`;
      case "step.chunk":
        return `id: ${seq}\ndata: {"type":"step.chunk","seq":${seq}${this.#token(event)}${this.#step(event)}${
          this.#field(`,"value":`, event.value, event.step, "value")
        }}\n\n`;
      case "step.retry":
        return `id: ${seq}\ndata: {"type":"step.retry","seq":${seq}${this.#token(event)}${this.#step(event)},"error":${
          this.#error(event.error)
        },"delayMs":${toNumber(event.delayMs)}}\n\n`;
      case "step.result":
        return `id: ${seq}\ndata: {"type":"step.result","seq":${seq}${this.#token(event)}${
          this.#stepAndPayload(event)
        }${this.#result(event)}${this.#routed(event.routed)}${toNumber(event.queueLength)}${toCosts(event)}`;
      case "run.suspend":
        return `id: ${seq}\ndata: {"type":"run.suspend","seq":${seq}${this.#run(event)},"reason":${
          this.#names.get(event.reason)
        },"until":${toNumber(event.until)}}\n\n`;
      case "run.resume":
        return `id: ${seq}\ndata: {"type":"run.resume","seq":${seq}${this.#run(event)},"from":${
          toNumber(event.from)
        }}\n\n`;
      case "run.end":
        return `id: ${seq}\ndata: {"type":"run.end","seq":${seq}${this.#run(event)},"status":${
          this.#names.get(event.status)
        },"error":${event.error === null ? "null" : this.#error(event.error)},"steps":${toNumber(event.steps)}}\n\n`;
      default:
        throw new TypeError(
          `Cannot encode an event: it is of no known type: ${toText((event as { type: unknown }).type)}`,
        );
    }
  }

  #run({ runId, at }: EventBase): string {
    return `,"runId":${this.#names.get(runId)},"at":${toNumber(at)}`;
  }

  #token({ runId, at, token }: StepEventBase): string {
    if (runId !== this.#runId || at !== this.#at) {
      this.#origin = [`,"runId":`, this.#names.get(runId), `,"at":`, toNumber(at), `,"token":`].join("");
      this.#runId = runId;
      this.#at = at;
    }
    return `${this.#origin}${toNumber(token)}`;
  }

  #step({ step, attempt, path }: StepEventBase): string {
    const json = `${this.#steps.get(step)}${toNumber(attempt)}`;
    return path === undefined
      ? json
      : `${json},"path":${JSON.stringify(toJson(path, { name: "path", stepName: step }))}`;
  }

  #stepAndPayload(event: StepStartEvent | StepResultEvent): string {
    const { step, payload, attempt, path } = event;
    // Each piece costs more than what is in it.
    return attempt === 1 && path === undefined && isPlainNumber(payload)
      ? `${this.#stepsAtFirst.get(step)}${payload}`
      : `${this.#step(event)}${this.#field(`,"payload":`, payload, step, "payload")}`;
  }

  /** The result, up to the list of routes. */
  #result({ result, step }: StepResultEvent): string {
    if (!result.ok) return `,"result":{"ok":false,"value":null,"error":${this.#error(result.error)}},"routed":[`;
    const { value } = result;
    return isPlainNumber(value)
      ? `,"result":{"ok":true,"value":${value},"error":null},"routed":[`
      : `,"result":{"ok":true${this.#field(`,"value":`, value, step, "result.value")},"error":null},"routed":[`;
  }

  /** The items of the list of routes, its end, and the name of what comes next. */
  #routed(routed: readonly RoutedToken[]): string {
    const [only] = routed;
    if (only !== undefined && routed.length === 1 && only.where === "tail") {
      return `{"token":${toNumber(only.token)}${this.#onlyTails.get(only.step)}`;
    }
    let json = "";
    for (const { token, step, where } of routed) {
      json += `${json === "" ? `{"token":` : `,{"token":`}${toNumber(token)}${this.#route(step, where)}`;
    }
    return `${json}],"queueLength":`;
  }

  #route(step: string, where: Where): string {
    if (where === "tail") return this.#tails.get(step);
    if (where === "head") return this.#heads.get(step);
    // A type is a promise on paper, see above.
    return `,"step":${this.#names.get(step)},"where":${this.#names.get(where)}}`;
  }

  /** A field; none for `undefined`, which reads the same. */
  #field(key: string, value: unknown, stepName: string | null, path: string): string {
    if (value === undefined) return "";
    if (isPlainNumber(value)) return `${key}${value}`;
    const describeError = this.#describeError;
    const json = toJson(value, { name: path, stepName, describeError, describeFailure: describeError });
    return `${key}${JSON.stringify(json)}`;
  }

  #error(error: unknown): string {
    return JSON.stringify(this.#describeError(error) ?? null);
  }
}

/** `{ name, message }` of whatever was thrown. */
export function toPublicError(error: unknown): PublicError {
  const { name, message } = describeError(error);
  return { name, message };
}

/** A number that JSON writes as a template does. It has no NaN. */
function isPlainNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** What a step has cost, and the end of the message. */
function toCosts({ durationMs, droppedLogs }: StepResultEvent): string {
  // Where it counts, in a burst of events, it is nearly always this.
  return durationMs === 0 && droppedLogs === 0
    ? `,"durationMs":0,"droppedLogs":0}\n\n`
    : `,"durationMs":${toNumber(durationMs)},"droppedLogs":${toNumber(droppedLogs)}}\n\n`;
}

/** A number or `null` as JSON, whatever it is at run time. */
function toNumber(value: number | null): string {
  return Number.isFinite(value) ? `${value}` : "null";
}
