import { type Any, SerializationError, type WorkflowEvent } from "@stepstream/workflow";
import { encodeEvent, type PublicError } from "@stepstream/workflow/sse";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { parseEvents, parseEventStream } from "../tools/parse_event_stream.ts";
import { HOSTILE_TEXTS } from "./hostile_texts.ts";
import { endEvent, eventsFullOf, logEvent } from "./sample_events.ts";

const BASE = { runId: "run-1", at: 0 };
const STEP = { ...BASE, token: 1, step: "work", attempt: 1 };

/** Every place where an event holds a value of the user's. */
const PLACES: readonly {
  readonly name: string;
  readonly stepName: string | null;
  readonly put: (value: unknown) => WorkflowEvent<Any, Any>;
  readonly get: (event: Any) => unknown;
}[] = [
  {
    name: "payload",
    stepName: null,
    put: (payload) => ({ ...BASE, type: "run.start", seq: 1, workflow: "w", version: "1", start: "work", payload }),
    get: ({ payload }) => payload,
  },
  {
    name: "payload",
    stepName: "work",
    put: (payload) => ({ ...STEP, type: "step.start", seq: 1, parent: null, payload }),
    get: ({ payload }) => payload,
  },
  { name: "data", stepName: "work", put: (data) => logEvent(1, data), get: ({ data }) => data },
  {
    name: "value",
    stepName: "work",
    put: (value) => ({ ...STEP, type: "step.chunk", seq: 1, value }),
    get: ({ value }) => value,
  },
  {
    name: "payload",
    stepName: "work",
    put: (payload) => resultEvent({ payload, result: { ok: true, value: 1, error: null } }),
    get: ({ payload }) => payload,
  },
  {
    name: "payload",
    stepName: "work",
    put: (payload) => resultEvent({ payload, result: { ok: false, value: null, error: new Error("boom") } }),
    get: ({ payload }) => payload,
  },
  {
    name: "result.value",
    stepName: "work",
    put: (value) => resultEvent({ payload: 1, result: { ok: true, value, error: null } }),
    get: ({ result }) => result.value,
  },
];

/** Where an event holds an error and nothing else. */
const ERROR_PLACES: readonly {
  readonly name: string;
  readonly put: (error: unknown) => WorkflowEvent<Any, Any>;
  readonly get: (event: Any) => unknown;
}[] = [
  {
    name: "result.error",
    put: (error) => resultEvent({ payload: 1, result: { ok: false, value: null, error } }),
    get: ({ result }) => result.error,
  },
  {
    name: "error",
    put: (error) => ({ ...STEP, type: "step.retry", seq: 1, error, delayMs: 5 }),
    get: ({ error }) => error,
  },
  {
    name: "error",
    put: (error) => ({ ...BASE, type: "run.end", seq: 1, status: "failed", error, steps: 1 }),
    get: ({ error }) => error,
  },
];

function resultEvent(parts: Pick<Extract<WorkflowEvent<Any, Any>, { type: "step.result" }>, "payload" | "result">) {
  return {
    ...STEP,
    ...parts,
    type: "step.result",
    seq: 1,
    routed: [],
    queueLength: 0,
    durationMs: 0,
    droppedLogs: 0,
  } as const;
}

const RESULT = resultEvent({ payload: 1, result: { ok: true, value: 1, error: null } });

/** The one event that the text holds, as a client gets it. */
function receive(text: string): Any {
  return parseEvents(text)[0];
}

/** An error with all that a client must not see. */
function tellingError(): Error {
  const cause = new Error("secret cause");
  return Object.assign(new TypeError("boom", { cause }), { code: "secret code", query: "secret query" });
}

Deno.test("encodeEvent() writes an id and one line of JSON", () => {
  const text = encodeEvent(endEvent(3));

  assertEquals(
    text,
    'id: 3\ndata: {"type":"run.end","seq":3,"runId":"run-1","at":0,"status":"completed","error":null,"steps":1}\n\n',
  );
});

Deno.test("encodeEvent() writes an attempt that failed with its error's name and message, and no stack", () => {
  const text = encodeEvent({ ...STEP, type: "step.retry", seq: 2, attempt: 3, error: tellingError(), delayMs: 250 });

  assertEquals(
    text,
    'id: 2\ndata: {"type":"step.retry","seq":2,"runId":"run-1","at":0,"token":1,"step":"work","attempt":3,' +
      '"error":{"name":"TypeError","message":"boom"},"delayMs":250}\n\n',
  );
});

Deno.test("encodeEvent() writes that a run was left and taken over", () => {
  const left = encodeEvent({ ...BASE, type: "run.suspend", seq: 4, reason: "its runner was closed", until: null });
  const resumed = encodeEvent({ ...BASE, type: "run.resume", seq: 5, from: 4 });

  assertEquals(
    left + resumed,
    'id: 4\ndata: {"type":"run.suspend","seq":4,"runId":"run-1","at":0,"reason":"its runner was closed","until":null}\n\n' +
      'id: 5\ndata: {"type":"run.resume","seq":5,"runId":"run-1","at":0,"from":4}\n\n',
  );
});

Deno.test("encodeEvent() writes an error that comes from a store like any other, without its causes", () => {
  const error = { name: "TypeError", message: "boom", cause: { name: "Error", message: "secret cause" } };

  const text = encodeEvent({ ...BASE, type: "run.end", seq: 1, status: "failed", error, steps: 1 });

  assertEquals(receive(text).error, { name: "TypeError", message: "boom" });
});

/** One event of every type that a step has. */
const STEP_EVENTS: readonly Extract<WorkflowEvent<Any, Any>, { readonly token: number }>[] = [
  { ...STEP, type: "step.start", seq: 1, parent: null, payload: "in" },
  logEvent(2, "note"),
  { ...STEP, type: "step.chunk", seq: 3, value: "chunk" },
  { ...STEP, type: "step.retry", seq: 4, error: null, delayMs: 0.5 },
  RESULT,
];

for (const event of STEP_EVENTS) {
  Deno.test(`encodeEvent() writes the path of ${event.type}, and none where there is none`, () => {
    const events = [{ ...event, path: ["outer", "inner"] }, event, { ...event, path: [] }];

    const received = events.map((event) => receive(encodeEvent(event)));

    assertEquals(received.map(({ path }) => path), [["outer", "inner"], undefined, []]);
    assertEquals(received.map(({ step, attempt }) => [step, attempt]), events.map(() => ["work", 1]));
  });
}

for (const [what, hostile] of HOSTILE_TEXTS) {
  Deno.test(`encodeEvent() lets ${what} in any field neither break nor forge a message`, () => {
    const events = eventsFullOf(hostile);

    const { messages, comments, retries, errors } = parseEventStream(
      events.map((event) => encodeEvent(event)).join(""),
    );

    assertEquals({ heads: messages.map(({ id, event }) => ({ id, event })), comments, retries, errors }, {
      heads: events.map(({ seq }) => ({ id: String(seq), event: undefined })),
      comments: [],
      retries: [],
      errors: [],
    });
  });

  Deno.test(`encodeEvent() gives ${what} in any field back as it was`, () => {
    const events = eventsFullOf(hostile);

    const received = parseEvents(events.map((event) => encodeEvent(event)).join(""));

    const error = { name: hostile, message: hostile };
    assertEquals(
      received,
      events.map((event) => {
        if (event.type === "run.end" || event.type === "step.retry") return { ...event, error };
        return event.type === "step.result" && !event.result.ok
          ? { ...event, result: { ok: false, value: null, error } }
          : event;
      }),
    );
  });
}

Deno.test("encodeEvent() gives the keys of a value back as they were, __proto__ and constructor among them", () => {
  const json = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"a":1}},"toString":"x","":0,"1":2,"a\\nb":3}';

  for (const { put, get } of PLACES) {
    const received = get(receive(encodeEvent(put({ value: JSON.parse(json), error: new Error("boom") }))));

    assertEquals(Object.entries(received as Record<string, unknown>), [
      ["value", JSON.parse(json)],
      ["error", { name: "Error", message: "boom" }],
    ]);
  }
});

Deno.test("encodeEvent() writes nothing for a payload, a value or data that is undefined, and null for null", () => {
  for (const { put, get } of PLACES) {
    const [missing, empty] = [undefined, null].map((value) => get(receive(encodeEvent(put(value)))));

    assertEquals([missing, empty], [undefined, null]);
  }
});

const NUMBERS = [
  ...[0, 1, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER],
  ...[-1, -10, -(2 ** 31), 0.5, -1.5, 1e21, 1e-7, 5e-324, Number.MAX_VALUE],
];

Deno.test("encodeEvent() gives every number back as it was", () => {
  for (const { put, get } of PLACES) {
    const received = NUMBERS.map((number) => get(receive(encodeEvent(put(number)))));

    assertEquals(received, NUMBERS);
  }
});

Deno.test("encodeEvent() gives the event's own numbers back as they were", () => {
  const ids = NUMBERS.filter((number) => Number.isSafeInteger(number) && number >= 0);

  const received = ids.map((id) => parseEventStream(encodeEvent({ ...RESULT, seq: id, at: id, durationMs: id })));

  assertEquals(
    received.map(({ messages: [message] }) => [message?.id, JSON.parse(message?.data ?? "")]),
    ids.map((id) => [String(id), { ...RESULT, seq: id, at: id, durationMs: id }]),
  );
});

Deno.test("encodeEvent() gives text of every length and script back as it was", () => {
  const texts = ["a", "ä", "€", "👩", '"', "\n"].flatMap((letter) =>
    Array.from({ length: 80 }, (_, length) => ["a".repeat(length) + letter, letter + "a".repeat(length)]).flat()
  );

  const received = texts.map((text) => receive(encodeEvent({ ...logEvent(1, text), runId: text, name: text })));

  assertEquals(received, texts.map((text) => ({ ...logEvent(1, text), runId: text, name: text })));
});

Deno.test("encodeEvent() leaves the event as it is", () => {
  const error = tellingError();
  const payload = { error, list: [error] };
  const event = resultEvent({ payload, result: { ok: false, value: null, error } });

  encodeEvent(event);

  assertStrictEquals(event.payload, payload);
  assertStrictEquals(event.result.error, error);
  assertEquals([payload.error, payload.list], [error, [error]]);
});

const THROWN: readonly [what: string, thrown: unknown, told: PublicError][] = [
  ["an error", new RangeError("too far"), { name: "RangeError", message: "too far" }],
  ["an error with a cause and fields", tellingError(), { name: "TypeError", message: "boom" }],
  ["an aggregate", new AggregateError([tellingError()], "all"), { name: "AggregateError", message: "all" }],
  ["a DOMException", new DOMException("over", "AbortError"), { name: "AbortError", message: "over" }],
  [
    "an error with a toJSON",
    Object.assign(new Error("boom"), { toJSON: () => ({ secret: "secret" }) }),
    { name: "Error", message: "boom" },
  ],
  [
    "an error whose name is an object",
    Object.assign(new Error("boom"), { name: { secret: 1 } }),
    { name: "[object Object]", message: "boom" },
  ],
  [
    "an error whose message throws",
    Object.defineProperty(new Error(), "message", {
      get: () => {
        throw new Error("secret");
      },
    }),
    { name: "Error", message: "[unreadable]" },
  ],
  ["a text", "out of cheese", { name: "Error", message: "out of cheese" }],
  ["undefined", undefined, { name: "Error", message: "undefined" }],
  ["an object", { secret: "secret" }, { name: "Error", message: "[object Object]" }],
  ["a symbol", Symbol("why"), { name: "Error", message: "Symbol(why)" }],
];

for (const [what, thrown, told] of THROWN) {
  for (const { name, put, get } of ERROR_PLACES) {
    Deno.test(`encodeEvent() tells of ${what} in ${name} of ${put(1).type} a name and a message alone`, () => {
      const text = encodeEvent(put(thrown));

      assertEquals(get(receive(text)), told);
    });
  }
}

Deno.test("encodeEvent() tells of an error inside a value a name and a message alone, however deep", () => {
  const told = { name: "TypeError", message: "boom" };
  for (const { put, get } of PLACES) {
    const results = [{ ok: false, value: null, error: tellingError() }];

    const received = get(receive(encodeEvent(put({ results, list: [[tellingError()]] }))));

    assertEquals(received, { results: [{ ok: false, value: null, error: told }], list: [[told]] });
  }
});

Deno.test("encodeEvent() tells of an error in the place of a value a name and a message alone", () => {
  for (const { put, get } of PLACES) {
    const received = get(receive(encodeEvent(put(tellingError()))));

    assertEquals(received, { name: "TypeError", message: "boom" });
  }
});

for (const { name, put, get } of [...ERROR_PLACES, ...PLACES]) {
  Deno.test(`encodeEvent() with describeError tells of an error in ${name} of ${put(1).type} what that answers`, () => {
    const error = tellingError();
    const asked: unknown[] = [];

    const text = encodeEvent(put(error), {
      describeError: (thrown) => {
        asked.push(thrown);
        return { name: "Error", message: "Something went wrong" };
      },
    });

    assertEquals(get(receive(text)), { name: "Error", message: "Something went wrong" });
    assertEquals(asked.includes(error), true);
  });
}

Deno.test("encodeEvent() does not ask describeError where there is no error", () => {
  const describeError = () => {
    throw new Error("asked");
  };

  const text = encodeEvent(endEvent(3), { describeError });

  assertEquals(receive(text).error, null);
});

for (const { name, stepName, put } of PLACES) {
  Deno.test(`encodeEvent() throws for what JSON cannot hold in ${name} of ${put(1).type}, and says where`, () => {
    const event = put({ items: [1, 2, 3, { when: new Date(0) }] });

    const error = assertThrows(() => encodeEvent(event), SerializationError);

    assertEquals([error.stepName, error.path], [stepName, `${name}.items[3].when`]);
  });
}

const NOT_JSON: readonly [what: string, value: unknown][] = [
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["a BigInt", 1n],
  ["a symbol", Symbol("s")],
  ["a function", () => {}],
  ["a Date", new Date(0)],
  ["a Map", new Map()],
  ["bytes", new Uint8Array(1)],
  ["an array with a hole", [1, , 3]],
  ["a class instance", new (class Money {})()],
];

for (const [what, value] of NOT_JSON) {
  Deno.test(`encodeEvent() throws for ${what} in any place`, () => {
    for (const { put } of PLACES) assertThrows(() => encodeEvent(put(value)), SerializationError);
  });
}

Deno.test("encodeEvent() throws for a cycle in any place", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = [cycle];

  for (const { put } of PLACES) assertThrows(() => encodeEvent(put(cycle)), SerializationError, "self[0]");
});

Deno.test("encodeEvent() throws for what is no event of a run", () => {
  // What a store gives back has a type only on paper.
  const event = { ...BASE, type: "run.forged\n\ndata: x", seq: 1 } as unknown as WorkflowEvent;

  assertThrows(() => encodeEvent(event), TypeError, "Cannot encode an event: it is of no known type");
});

const FORGERIES: readonly [where: string, make: (forged: string) => object][] = [
  ["the type", (type) => ({ ...endEvent(1), type })],
  ["the status of run.end", (status) => ({ ...endEvent(1), status })],
  ["a route's end of the queue", (where) => ({ ...RESULT, routed: [{ token: 2, step: "next", where }] })],
  [
    "a number",
    (forged) => ({ ...RESULT, token: forged, at: forged, queueLength: forged, routed: [{ token: forged }] }),
  ],
  ["the count of steps", (steps) => ({ ...endEvent(1), steps })],
  ["the list of routes", (routed) => ({ ...RESULT, routed })],
  ["the path", (path) => ({ ...RESULT, path })],
  ["a step of the path", (step) => ({ ...RESULT, path: ["outer", step] })],
  ["the delay of step.retry", (delayMs) => ({ ...STEP, type: "step.retry", seq: 1, error: null, delayMs })],
];

for (const [where, make] of FORGERIES) {
  Deno.test(`encodeEvent() lets no text in the place of ${where} break or forge a message`, () => {
    for (const forged of ['\n\nid: 99\ndata: {"type":"run.end"}\n\n', "\revent: admin\r", '","error":"forged', '"}']) {
      // What a store gives back has a type only on paper.
      const event = make(forged) as WorkflowEvent;

      let text = "";
      try {
        text = encodeEvent(event);
      } catch {
        // To refuse it is as good as to write it so that it reads the same.
      }

      const { messages, errors } = parseEventStream(text);
      const told = messages.map(({ id, event, data }) => ({ id, event, keys: Object.keys(JSON.parse(data)).sort() }));
      const keys = Object.keys(event).sort();
      assertEquals([told, errors], [text === "" ? [] : [{ id: "1", event: undefined, keys }], []]);
    }
  });
}

for (const value of [NaN, Infinity, -Infinity]) {
  Deno.test(`encodeEvent() writes JSON also where a number of the event's own is ${value}`, () => {
    // A clock of the user's may answer it.
    const event = { ...RESULT, at: value, durationMs: value };

    const received = receive(encodeEvent(event));

    assertEquals([received.at, received.durationMs], [null, null]);
  });
}

for (const runId of [null, undefined, 7]) {
  Deno.test(`encodeEvent() writes JSON also where the run's id is ${runId}`, () => {
    // What a store gives back has a type only on paper.
    const event = { ...endEvent(1), runId: runId as unknown as string };

    const { messages, errors } = parseEventStream(encodeEvent(event));

    const received = messages.map(({ data }) => ({ ...JSON.parse(data), runId: "any" }));
    assertEquals([received, errors], [[{ ...event, runId: "any" }], []]);
  });
}

Deno.test("encodeEvent() writes JSON also where describeError answers nothing", () => {
  const describeError = () => undefined as unknown as PublicError;

  for (const { put } of ERROR_PLACES) assertEquals(receive(encodeEvent(put(1), { describeError })).seq, 1);
});

for (const seq of ["1\nevent: admin", "1", -1, 1.5, NaN, Infinity, 2 ** 53, null, undefined]) {
  Deno.test(`encodeEvent() throws for a seq that is the ${typeof seq} ${JSON.stringify(String(seq))}`, () => {
    const event = { ...endEvent(1), seq: seq as unknown as number };

    assertThrows(() => encodeEvent(event), TypeError, "Cannot encode an event: its seq is no number");
  });
}
