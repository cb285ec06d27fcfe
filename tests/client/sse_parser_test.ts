import { assertEquals, assertThrows } from "@std/assert";
import { createParser } from "eventsource-parser";
import { FollowError } from "../../src/client/follow_error.ts";
import { MAX_MESSAGE_LENGTH, type SseMessage, SseParser } from "../../src/client/sse_parser.ts";
import { Random } from "../tools/random.ts";

interface Parsed {
  readonly messages: SseMessage[];
  readonly fields: [name: string, value: string][];
}

const encoder = new TextEncoder();

function parse(chunks: Iterable<Uint8Array>): Parsed {
  const fields: [string, string][] = [];
  const parser = new SseParser((name, value) => fields.push([name, value]));
  const messages: SseMessage[] = [];
  for (const chunk of chunks) messages.push(...parser.parse(chunk));
  return { messages, fields };
}

function parseText(text: string): Parsed {
  return parse([encoder.encode(text)]);
}

const FACTS: readonly (readonly [fact: string, text: string, messages: readonly Partial<SseMessage>[]])[] = [
  ["reads id, event and data", "id: 1\nevent: a\ndata: b\n\n", [{ id: "1", event: "a", data: "b" }]],
  ["ends lines at LF", "data: a\ndata: b\n\n", [{ data: "a\nb" }]],
  ["ends lines at CR", "data: a\rdata: b\r\r", [{ data: "a\nb" }]],
  ["ends lines at CRLF", "data: a\r\ndata: b\r\n\r\n", [{ data: "a\nb" }]],
  ["ends lines at all of them in one stream", "data: a\rdata: b\r\n\ndata: c\n\r", [{ data: "a\nb" }, { data: "c" }]],
  ["ends no line at other separators", "data: a\u2028b\u0085c\vd\n\n", [{ data: "a\u2028b\u0085c\vd" }]],
  ["takes one space away after the colon", "data:  a \n\ndata:b\n\n", [{ data: " a " }, { data: "b" }]],
  ["takes a field without a colon for an empty one", "data\n\ndata\ndata\n\n", [{ data: "" }, { data: "\n" }]],
  ["keeps colons in a value", "data: a:b: c\n\n", [{ data: "a:b: c" }]],
  ["ignores a byte order mark at the start", "\ufeffdata: a\n\n", [{ data: "a" }]],
  ["keeps one anywhere else", "data: \ufeffa\n\n\ufeffdata: b\n\n", [{ data: "\ufeffa" }]],
  ["ignores comments", ": a\ndata: b\n:c\n\n:\n\n", [{ data: "b" }]],
  ["ignores fields that are not known, in any case", "Data: a\n data: b\ndate: c\ndata: d\n\n", [{ data: "d" }]],
  ["dispatches no message without data", "event: a\n\ndata: b\n\n", [{ event: "", data: "b" }]],
  ["keeps an id for the messages after it", "id: 1\ndata: a\n\ndata: b\n\n", [{ id: "1" }, { id: "1" }]],
  ["resets the id at an empty one", "id: 1\ndata: a\n\nid\ndata: b\n\n", [{ id: "1" }, { id: "" }]],
  ["ignores an id with NUL", "id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n", [{ id: "1" }, { id: "1" }]],
  ["takes an id that comes without data", "id: 7\n\ndata: a\n\n", [{ id: "7", data: "a" }]],
  ["keeps ids that are not ASCII", "id: ü😀\ndata: a\n\n", [{ id: "ü😀" }]],
  ["discards a last message that is not terminated", "id: 1\ndata: a\n\nid: 2\ndata: b\n", [{ id: "1", data: "a" }]],
];

for (const [fact, text, messages] of FACTS) {
  Deno.test(`SseParser ${fact}`, () => {
    const parsed = parseText(text).messages;

    assertEquals(parsed, messages.map((message, index) => ({ ...parsed[index], ...message }) as SseMessage));
  });

  Deno.test(`SseParser ${fact}, in chunks of a byte, and cut in two at every byte`, () => {
    const bytes = encoder.encode(text);
    const whole = parse([bytes]);

    const inBytes = parse(Array.from(bytes, (byte) => Uint8Array.of(byte)));
    const inHalves = Array.from(bytes, (_, at) => parse([bytes.subarray(0, at), bytes.subarray(at)]));

    assertEquals([inBytes, inHalves], [whole, inHalves.map(() => whole)]);
  });
}

Deno.test("SseParser dispatches at a CR at once and swallows the LF that follows it in another chunk", () => {
  const parser = new SseParser(() => {});

  const counts = ["data: a\r", "\n", "data: b\r\n\r", "", "\n\ndata: c\n\n"].map((text) =>
    [...parser.parse(encoder.encode(text))].map(({ data }) => data)
  );

  assertEquals(counts, [[], [], ["a\nb"], [], ["c"]]);
});

Deno.test("SseParser tells of comments, retry and fields that are not known", () => {
  const { fields } = parseText(":\n\n: heartbeat 15000\nretry: 10\nretry\nfoo: bar\n\n");

  assertEquals(fields, [["", ""], ["", "heartbeat 15000"], ["retry", "10"], ["retry", ""], ["foo", "bar"]]);
});

Deno.test("SseParser parses no further than messages are taken", () => {
  const fields: string[] = [];
  const parser = new SseParser((_, value) => fields.push(value));

  const messages = parser.parse(encoder.encode("data: 1\n\n: first\ndata: 2\n\n: second\n"));
  const steps = [messages.next(), [...fields], messages.next(), [...fields], messages.next(), [...fields]];

  assertEquals(steps, [
    { done: false, value: { id: "", event: "", data: "1" } },
    [],
    { done: false, value: { id: "", event: "", data: "2" } },
    ["first"],
    { done: true, value: undefined },
    ["first", "second"],
  ]);
});

Deno.test("SseParser takes a message of the greatest length, its field's name included, and none longer", () => {
  const data = "a".repeat(MAX_MESSAGE_LENGTH - "data: ".length);

  const { messages } = parseText(`data: ${data}\n\n`);

  assertEquals(messages.map(({ data }) => data.length), [MAX_MESSAGE_LENGTH - 6]);
  assertThrows(() => parseText(`data: ${data}a\n\n`), FollowError);
});

const ENDLESS: readonly (readonly [what: string, start: string, piece: string])[] = [
  ["a line that does not end", "data: ", "a"],
  ["a comment that does not end", ":", "a"],
  ["data that do not end", "", "data: a\n"],
];

for (const [what, start, piece] of ENDLESS) {
  Deno.test(`SseParser refuses ${what}`, () => {
    const parser = new SseParser(() => {});
    const chunk = encoder.encode(piece.repeat(1024 * 1024));
    let chunks = 0;

    const error = assertThrows(() => {
      for (const _ of parser.parse(encoder.encode(start)));
      for (; chunks < 20; chunks += 1) for (const _ of parser.parse(chunk));
    }, FollowError);

    assertEquals(error.message, `Cannot follow the run: a message is longer than ${MAX_MESSAGE_LENGTH} characters`);
  });
}

Deno.test("SseParser makes of random streams, cut anywhere, what the specification and another parser make of them", () => {
  const PIECES = [
    "data",
    "id",
    "event",
    "retry",
    ":",
    ": ",
    " ",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\0",
    "\ufeff",
    "ü",
    "😀",
    "1",
    "data: x\n\n",
    "id: 5\n",
    "event: y\r",
  ] as const;
  const random = new Random(20);
  for (let round = 0; round < 1_000; round += 1) {
    const text = Array.from({ length: random.below(60) }, () => random.pick(PIECES)).join("");
    const bytes = encoder.encode(text);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 1 + random.below(12);
      chunks.push(bytes.subarray(at, end));
      at = end;
    }

    const { messages } = parse(chunks);

    assertEquals(messages, parseNaively(text), JSON.stringify(text));
    assertEquals(messages.map(({ event, data }) => ({ event, data })), parseElsewhere(text), JSON.stringify(text));
  }
});

/** The specification word for word, for a stream that is there as a whole. */
function parseNaively(stream: string): SseMessage[] {
  const messages: SseMessage[] = [];
  let id = "", event = "", data = "";
  const lines = stream.replace(/^\ufeff/, "").split(/\r\n|\n|\r/);
  // What is behind the last end of a line is no line.
  for (const line of lines.slice(0, -1)) {
    if (line === "") {
      if (data !== "") messages.push({ id, event, data: data.slice(0, -1) });
      event = data = "";
      continue;
    }
    if (line.startsWith(":")) continue;
    const [name = "", ...rest] = line.split(":");
    const value = rest.join(":").replace(/^ /, "");
    if (name === "data") data += `${value}\n`;
    if (name === "event") event = value;
    if (name === "id" && !value.includes("\0")) id = value;
  }
  return messages;
}

function parseElsewhere(stream: string): Pick<SseMessage, "event" | "data">[] {
  const messages: Pick<SseMessage, "event" | "data">[] = [];
  const parser = createParser({ onEvent: ({ event = "", data }) => messages.push({ event, data }) });
  // It leaves the byte order mark to who decodes, and keeps a CR at the end until it knows what follows.
  parser.feed(stream.replace(/^\ufeff/, "").replace(/\r$/, "\r\n"));
  return messages;
}
