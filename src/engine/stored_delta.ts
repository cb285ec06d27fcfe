import { describeError } from "../core/describe_error.ts";
import type { Outcome } from "../core/state.ts";
import type { GroupMode, Route } from "../core/token.ts";
import { type ContextPatch, UNDEFINED } from "./stored_context.ts";
import { toStoredJson } from "./stored_json.ts";

/** What a step changed in the context, beside its result. */
export interface StoredChanges {
  /** The new values. Default: none. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** The keys whose value is `undefined` now. Default: none. */
  readonly blank?: readonly string[];
  /** The keys that are gone. Default: none. */
  readonly deleted?: readonly string[];
}

/** What a token came to. */
export interface StoredOutcome extends StoredChanges {
  readonly token: number;
  readonly ok: boolean;
  /** The value, or the error as `{ name, message, cause? }`. Default: `undefined`. */
  readonly value?: unknown;
  /** The last token's id and the number of finished steps before this one, those of runs inside included. */
  readonly tokens: number;
  readonly steps: number;
  /** Default: none. */
  readonly routed?: readonly StoredRoute[];
}

/** A route of an outcome. */
export interface StoredRoute {
  readonly step: string;
  /** Default: the value of the step, `null` if it failed. */
  readonly payload?: unknown;
  /** Whether the payload is `undefined`, though the value is not. Default: false. */
  readonly isEmpty?: true;
  /** Whether it goes to the head. Default: false. */
  readonly isHead?: true;
  /** The size, the `then` step and the mode of the group that begins here: so many routes are its items. */
  readonly group?: readonly [number, string, GroupMode];
}

/** An attempt that failed and is to be followed by another. */
export interface StoredRetry extends StoredChanges {
  readonly token: number;
  /** The attempt that failed. */
  readonly attempt: number;
  /** When the next one is due, in epoch ms. */
  readonly dueAt: number;
}

/** How far the counts have gone inside a step at work. */
export interface StoredCounts {
  readonly tokens: number;
  readonly steps: number;
}

/** One change of a run's state. A record is a list of them. */
export type StoredDelta = StoredOutcome | StoredRetry | StoredCounts;

/** What a token came to, written. */
export interface EncodedOutcome {
  readonly text: string;
  /** The step's value as JSON, `undefined` if there is none. */
  readonly valueText: string | undefined;
  /** The outcome as whoever reads it back will find it: a run that goes on has the same in hand as one resumed. */
  readonly outcome: Outcome;
}

/**
 * Writes what a token came to.
 *
 * @param isKept Whether the result will be kept, so that nobody's changes to it may be seen later
 * @throws {SerializationError} If a payload is not JSON.
 */
export function encodeOutcome(
  { token, attempts, result, routed }: Outcome,
  { tokens, steps }: StoredCounts,
  changes: string,
  isKept: boolean,
): EncodedOutcome {
  const { ok } = result;
  const value = ok ? toStoredJson(result.value, "result.value", token.step) : describeError(result.error);
  const text = value === undefined ? undefined : JSON.stringify(value);
  const valueText = ok ? text : "null";
  const readBack = isKept ? copyOf(value, text) : value;
  const routes: Route[] = [];
  const pieces = [`{"token":${token.id},"ok":${ok},"tokens":${tokens},"steps":${steps}`];
  if (text !== undefined) pieces.push(`,"value":`, text);
  let opening = `,"routed":[`;
  const encodePayload = (route: Route, payload: unknown, index: number): unknown => {
    const isValue = payload === result.value;
    const payloadText = isValue ? valueText : toPayloadText(route.step, payload);
    pieces.push(opening, encodeRoute(route, index, isValue, payloadText));
    opening = ",";
    return copyOf(payload, payloadText);
  };
  for (const route of routed) {
    routes.push(
      route.fanOut === null
        ? { ...route, payload: encodePayload(route, route.payload, 0) }
        : { ...route, payload: route.payload.map((payload, index) => encodePayload(route, payload, index)) },
    );
  }
  if (routes.length > 0) pieces.push("]");
  pieces.push(changes, "}");
  return {
    // Joined, it is one flat string; put together piece by piece it would be a tree, which lives longer than it is
    // used.
    text: pieces.join(""),
    valueText,
    outcome: {
      token,
      attempts,
      result: ok ? { ok, value: readBack, error: null } : { ok, value: null, error: readBack },
      routed: routes,
    },
  };
}

/** The value as it comes back from its text. */
function copyOf(value: unknown, text: string | undefined): unknown {
  return typeof value === "object" && value !== null && text !== undefined ? JSON.parse(text) : value;
}

function toPayloadText(step: string, payload: unknown): string | undefined {
  const json = toStoredJson(payload, "payload", step);
  return json === undefined ? undefined : JSON.stringify(json);
}

/** Writes that an attempt failed. */
export function encodeRetry({ token, attempt, dueAt }: StoredRetry, patch: ContextPatch): string {
  return `{"token":${token},"attempt":${attempt},"dueAt":${dueAt}${encodeChanges(patch)}}`;
}

/** Writes how far the counts have gone. */
export function encodeCounts({ tokens, steps }: StoredCounts): string {
  return `{"tokens":${tokens},"steps":${steps}}`;
}

function encodeRoute(
  { step, where, fanOut }: Route,
  index: number,
  isValue: boolean,
  payloadText: string | undefined,
): string {
  let text = `{"step":${JSON.stringify(step)}`;
  if (!isValue) text += payloadText === undefined ? `,"isEmpty":true` : `,"payload":${payloadText}`;
  if (where === "head") text += `,"isHead":true`;
  if (fanOut !== null && index === 0) {
    text += `,"group":${JSON.stringify([fanOut.size, fanOut.then, fanOut.mode])}`;
  }
  return `${text}}`;
}

/** Writes what a step has changed in the context. */
export function encodeChanges(patch: ContextPatch): string {
  if (patch.size === 0) return "";
  const values: string[] = [];
  const blank: string[] = [];
  const deleted: string[] = [];
  for (const [key, text] of patch) {
    if (text === null) deleted.push(key);
    else if (text === UNDEFINED) blank.push(key);
    else values.push(`${JSON.stringify(key)}:${text}`);
  }
  return (values.length === 0 ? "" : `,"context":{${values.join(",")}}`) + encodeKeys("blank", blank) +
    encodeKeys("deleted", deleted);
}

function encodeKeys(name: string, keys: readonly string[]): string {
  return keys.length === 0 ? "" : `,"${name}":${JSON.stringify(keys)}`;
}
