import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { assertSpyCall, assertSpyCalls, spy, stub } from "@std/testing/mock";
import { FakeTime, TimeError } from "@std/testing/time";
import { assertType, type Has, type IsAny, type IsExact, type IsNever } from "@std/testing/types";

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

Deno.test("assert() narrows the type of what it is given", () => {
  const value: unknown = Number("1");

  assert(typeof value === "number");

  assertType<IsExact<typeof value, number>>(true);
});

Deno.test("assertThrows() and assertRejects() return the error, typed as its class", async () => {
  class AppError extends Error {
    constructor(readonly code: number) {
      super(`code ${code}`);
    }
  }

  const thrown = assertThrows(() => {
    throw new AppError(1);
  }, AppError);
  const rejected = await assertRejects(() => Promise.reject(new AppError(2)), AppError, "code");

  assertEquals([thrown.code, rejected.code], [1, 2]);
});

Deno.test("assertType() compiles for types that are what they are said to be", () => {
  assertType<IsExact<{ a: 1 } & { b: 2 }, { a: 1; b: 2 }>>(true);
  assertType<IsExact<{ a?: number }, { a: number | undefined }>>(false);
  assertType<IsExact<{ a: string }, { a: unknown }>>(false);
  assertType<IsExact<unknown, ReturnType<typeof JSON.parse>>>(false);
  assertType<Has<string | number, string>>(true);
  assertType<IsAny<unknown>>(false);
  assertType<IsNever<string & number>>(true);
});

Deno.test("FakeTime.tick() runs timers in due order, each at its own time", () => {
  using time = new FakeTime(1_000);
  const seen: (readonly [string, number])[] = [];
  const note = (name: string) => seen.push([name, Date.now()]);

  setTimeout(note, 30, "late");
  setInterval(note, 20, "interval");
  setTimeout(note, 10, "early");
  setTimeout(() => setTimeout(note, 0, "nested"), 10);
  time.tick(45);

  assertEquals(seen, [["early", 1_010], ["nested", 1_010], ["interval", 1_020], ["late", 1_030], ["interval", 1_040]]);
  assertEquals([time.start, time.now, new Date().valueOf()], [1_000, 1_045, 1_045]);
});

Deno.test("FakeTime.tick() passes over cleared timers", () => {
  using time = new FakeTime();
  const callback = spy();

  clearTimeout(setTimeout(callback, 10));
  const interval = setInterval(() => {
    callback();
    clearInterval(interval);
  }, 10);
  time.tick(100);

  assertSpyCalls(callback, 1);
});

Deno.test("FakeTime.tickAsync() runs pending promises before the timers, runMicrotasks() those after", async () => {
  using time = new FakeTime(0);
  const seen: string[] = [];
  async function* sleepTwice(): AsyncGenerator<string> {
    yield "start";
    await sleep(10);
    yield "slept";
    await sleep(10);
    yield "slept again";
  }
  const run = async () => {
    for await (const name of sleepTwice()) seen.push(`${name} ${Date.now()}`);
  };

  const running = run();
  await time.tickAsync(10);
  await time.runMicrotasks();
  assertEquals(seen, ["start 0", "slept 10"]);
  await time.tickAsync(10);
  await running;

  assertEquals(seen, ["start 0", "slept 10", "slept again 20"]);
});

Deno.test("FakeTime.next() and nextAsync() move to the next timer, if there is one", async () => {
  using time = new FakeTime(0);
  setTimeout(() => {}, 5);
  setTimeout(() => {}, 7);

  assertEquals([time.next(), time.now], [true, 5]);
  assertEquals([await time.nextAsync(), time.now], [true, 7]);
  assertEquals([time.next(), time.now], [false, 7]);
});

Deno.test("FakeTime.runAllAsync() runs a loop of sleeps to its end", async () => {
  using time = new FakeTime(0);
  const loop = async () => {
    for (let i = 0; i < 3; i++) await sleep(100);
    return Date.now();
  };

  const looping = loop();
  await time.runAllAsync();

  assertEquals(await looping, 300);
});

Deno.test("FakeTime stops where a timer throws", () => {
  using time = new FakeTime(0);
  setTimeout(() => {
    throw new Error("from the timer");
  }, 10);

  assertThrows(() => time.tick(50), Error, "from the timer");

  assertEquals(time.now, 10);
});

Deno.test("FakeTime moves AbortSignal.timeout()", () => {
  using time = new FakeTime();
  const signal = AbortSignal.timeout(50);

  time.tick(49);
  assertEquals(signal.aborted, false);
  time.tick(1);

  assertEquals(signal.reason.name, "TimeoutError");
});

Deno.test("FakeTime.delay() waits in real time, until its signal aborts", async () => {
  using time = new FakeTime(0);
  const controller = new AbortController();

  await time.delay(1);
  const waiting = time.delay(60_000, { signal: controller.signal });
  controller.abort();

  await assertRejects(() => waiting, DOMException, "Delay was aborted.");
  assertEquals(time.now, 0);
});

Deno.test("FakeTime.restore() gives the real globals back, once", () => {
  const timersOf = () => [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  const realTimers = timersOf();

  const time = new FakeTime();
  assertThrows(() => new FakeTime(), TimeError);
  const fakeDate = new Date();
  time.restore();

  timersOf().forEach((timer, index) => assertStrictEquals(timer, realTimers[index]));
  assert(fakeDate instanceof Date);
  assertThrows(() => time.restore(), TimeError);
});

Deno.test("spy() records the calls of a function, with what they return or throw", () => {
  const parse = spy((text: string): number => {
    if (text === "") throw new RangeError("empty");
    return Number(text);
  });

  parse("12");
  assertThrows(() => parse(""), RangeError);

  assertSpyCall(parse, 0, { args: ["12"], returned: 12 });
  assertSpyCall(parse, 1, { args: [""], error: { Class: RangeError, msgIncludes: "empty" } });
  assertSpyCalls(parse, 2);
});

Deno.test("spy() and stub() take the place of a method until restored", () => {
  const cart = {
    prices: [2, 3],
    total(): number {
      return this.prices.reduce((sum, price) => sum + price, 0);
    },
  };

  {
    using total = spy(cart, "total");
    assertEquals(cart.total(), 5);
    assertSpyCall(total, 0, { args: [], self: cart, returned: 5 });
  }
  const total = stub(cart, "total", () => 0);
  assertEquals(cart.total(), 0);
  total.restore();

  assertEquals([cart.total(), total.restored, total.calls.length], [5, true, 1]);
});
