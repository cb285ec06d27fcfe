import type { Any, WorkflowEvent } from "@stepstream/workflow";
import { createParser } from "eventsource-parser";

/** A message as a client's parser dispatches it. */
export interface StreamMessage {
  readonly id: string | undefined;
  /** The name in its `event` field; a message without one goes to `onmessage`. */
  readonly event: string | undefined;
  readonly data: string;
}

/** What a parser that is not ours makes of the text of an event stream. */
export interface ParsedEventStream {
  readonly messages: readonly StreamMessage[];
  readonly comments: readonly string[];
  readonly retries: readonly number[];
  /** What it could not make sense of. */
  readonly errors: readonly string[];
}

/** Parses the text of an event stream, a whole one or some chunks of it. */
export function parseEventStream(text: string): ParsedEventStream {
  const messages: StreamMessage[] = [];
  const comments: string[] = [];
  const retries: number[] = [];
  const errors: string[] = [];
  createParser({
    onEvent: ({ id, event, data }) => messages.push({ id, event, data }),
    onComment: (comment) => comments.push(comment),
    onRetry: (retryMs) => retries.push(retryMs),
    onError: ({ message }) => errors.push(message),
  }).feed(text);
  return { messages, comments, retries, errors };
}

/**
 * The events that the messages of an event stream hold, as they are after the wire: with JSON in the place of errors.
 */
export function parseEvents(text: string): WorkflowEvent<Any, Any>[] {
  return parseEventStream(text).messages.map(({ data }) => JSON.parse(data));
}
