import { FollowError } from "./follow_error.ts";

/** A message as an event stream dispatches it. */
export interface SseMessage {
  /** The last `id` that the stream gave, be it with this message or an earlier one; `""` for none. */
  readonly id: string;
  /** Its `event` field, `""` for none. */
  readonly event: string;
  readonly data: string;
}

/** The longest message that is kept while it comes in, in UTF-16 units; and the longest line. */
export const MAX_MESSAGE_LENGTH: number = 16 * 1024 * 1024;

/** Thrown at a message that is too long, which it will be at the next try, too. */
export class MessageTooLongError extends FollowError {}

/**
 * Reads one event stream, cut into chunks anywhere. A line ends at a CR at once: its LF may never come.
 *
 * @see {@link https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation}
 */
export class SseParser {
  /** Gets what belongs to no message: `retry`, fields that are not known, and comments, as fields without a name. */
  readonly #onField: (name: string, value: string) => void;
  /** The byte order mark is ours to skip: Deno's decoder takes away one at the start of any chunk. */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** What came of the present line. Appending is cheap, whatever the chunks; the line is looked at once. */
  #line = "";
  /** The character that does not count if the next text begins with it: the byte order mark, or the LF of a CR. */
  #skipped = "\ufeff";
  #id = "";
  #event = "";
  #data: string | null = null;

  constructor(onField: (name: string, value: string) => void) {
    this.#onField = onField;
  }

  /**
   * The messages that a chunk completes, read as far as they are taken. Take all before the next chunk.
   *
   * @throws {MessageTooLongError} If a message is longer than {@linkcode MAX_MESSAGE_LENGTH}.
   */
  *parse(chunk: Uint8Array): Generator<SseMessage, void> {
    let text = this.#decoder.decode(chunk, { stream: true });
    // The chunk ends no character: whether a LF comes next is still open.
    if (text === "") return;
    if (text[0] === this.#skipped) text = text.slice(1);
    this.#skipped = text.endsWith("\r") ? "\n" : "";
    let start = 0;
    for (const { 0: lineEnd, index } of text.matchAll(/\r\n?|\n/g)) {
      this.#append(text.slice(start, index));
      start = index + lineEnd.length;
      if (this.#line !== "") this.#takeLine();
      else {
        if (this.#data !== null) yield { id: this.#id, event: this.#event, data: this.#data };
        this.#event = "";
        this.#data = null;
      }
    }
    this.#append(text.slice(start));
  }

  #append(text: string): void {
    this.#line += text;
    if (this.#line.length + (this.#data?.length ?? 0) > MAX_MESSAGE_LENGTH) {
      throw new MessageTooLongError(`a message is longer than ${MAX_MESSAGE_LENGTH} characters`, 200);
    }
  }

  #takeLine(): void {
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)/s.exec(this.#line) ?? [];
    this.#line = "";
    if (name === "data") this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    else if (name === "event") this.#event = value;
    else if (name !== "id") this.#onField(name, value);
    else if (!value.includes("\0")) this.#id = value;
  }
}
