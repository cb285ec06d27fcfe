import { describeError } from "../core/describe_error.ts";
import { toJson } from "../core/json.ts";
import type { Outcome } from "../core/state.ts";
import type { GroupMode, Route } from "../core/token.ts";
import type { ContextPatch } from "./stored_context.ts";

/** What a step changed in the context, beside its result. */
export interface StoredChanges {
  /** The new values. Default: none. */
  readonly context?: Readonly<Record<string, unknown>>;
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

/** A change, written. */
export interface EncodedOutcome {
  readonly text: string;
  /** What of it the state depends on, as whoever reads it back will find it. */
  readonly stored: StoredOutcome;
}

/**
 * Writes what a token came to.
 *
 * @throws {SerializationError} If a payload is not JSON.
 */
export function encodeOutcome(
  { token, result, routed }: Outcome,
  { tokens, steps }: StoredCounts,
  patch: ContextPatch,
): EncodedOutcome {
  const { ok } = result;
  const value = ok ? toJson(result.value, { name: "result.value", stepName: token.step }) : describeError(result.error);
  const valueText = value === undefined ? undefined : JSON.stringify(value);
  let text = `{"token":${token.id},"ok":${ok},"tokens":${tokens},"steps":${steps}`;
  if (valueText !== undefined) text += `,"value":${valueText}`;
  if (routed.length > 0) text += `,"routed":[${routed.map((route) => encodeRoute(route, result.value)).join(",")}]`;
  const isNeeded = routed.length > 0 || token.member !== null;
  // Read back, so that a run that goes on has the same in hand as one that is resumed.
  const stored = isNeeded ? JSON.parse(`${text}}`) as StoredOutcome : { token: token.id, ok, tokens, steps };
  return { text: `${text}${encodeChanges(patch, `result.${token.step}`, ok ? valueText : "null")}}`, stored };
}

/** Writes that an attempt failed. */
export function encodeRetry({ token, attempt, dueAt }: StoredRetry, patch: ContextPatch): string {
  return `{"token":${token},"attempt":${attempt},"dueAt":${dueAt}${encodeChanges(patch, "", undefined)}}`;
}

/** Writes how far the counts have gone. */
export function encodeCounts({ tokens, steps }: StoredCounts): string {
  return `{"tokens":${tokens},"steps":${steps}}`;
}

function encodeRoute({ step, payload, where, fanOut, index }: Route, value: unknown): string {
  let text = `{"step":${JSON.stringify(step)}`;
  if (payload !== value) {
    const json = toJson(payload, { name: "payload", stepName: step });
    text += json === undefined ? `,"isEmpty":true` : `,"payload":${JSON.stringify(json)}`;
  }
  if (where === "head") text += `,"isHead":true`;
  if (fanOut !== null && index === 0) {
    text += `,"group":${JSON.stringify([fanOut.size, fanOut.then, fanOut.mode])}`;
  }
  return `${text}}`;
}

/** The changes, without the result, which is there already. */
function encodeChanges(patch: ContextPatch, resultKey: string, resultText: string | undefined): string {
  const values: string[] = [];
  const deleted: string[] = [];
  for (const [key, text] of patch) {
    if (key === resultKey && text === (resultText ?? null)) continue;
    if (text === null) deleted.push(JSON.stringify(key));
    else values.push(`${JSON.stringify(key)}:${text}`);
  }
  let changes = "";
  if (values.length > 0) changes += `,"context":{${values.join(",")}}`;
  if (deleted.length > 0) changes += `,"deleted":[${deleted.join(",")}]`;
  return changes;
}
