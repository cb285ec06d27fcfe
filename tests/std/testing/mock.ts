/**
 * Stand-in for `@std/testing/mock`, for machines that reach npm but not JSR. `links` in the root `deno.json` puts it in
 * place of the canonical package; `deno unlink tests/std/testing` goes back. Here are spies and stubs of functions and
 * methods; mock sessions, spies of classes and the `returns…` helpers are left out.
 *
 * @module
 */

// The `any` defaults are those of the canonical package: a bare `Spy` has to fit every function.
// deno-lint-ignore-file no-explicit-any

import { assert, assertEquals, assertExists, assertIsError } from "@std/assert";

/** Thrown when a function cannot be spied on, stubbed or restored. */
export class MockError extends Error {
  override readonly name = "MockError";
}

/** One call of a spy. */
export interface SpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  /** What it was called with. */
  args: Args;
  /** What it returned, if it did. */
  returned?: Return;
  /** What it threw, if it did. */
  error?: Error;
  /** The object it was called on, if there was one. */
  self?: Self;
}

/** A function that records how it is called. */
export interface Spy<Self = any, Args extends unknown[] = any[], Return = any> {
  (this: Self, ...args: Args): Return;
  /** The function that is spied on. */
  original: (this: Self, ...args: Args) => Return;
  /** The calls so far, in the order they ended. */
  calls: SpyCall<Self, Args, Return>[];
  /** Whether the method spied on is back in its place. */
  restored: boolean;
  /** Puts the method spied on back in its place. */
  restore(): void;
}

/** A spy in the place of a method. */
export interface MethodSpy<Self = any, Args extends unknown[] = any[], Return = any>
  extends Spy<Self, Args, Return>, Disposable {}

/** A spy in the place of a method that it does not call. */
export interface Stub<Self = any, Args extends unknown[] = any[], Return = any> extends MethodSpy<Self, Args, Return> {
  /** The function that is called instead of the original. */
  fake: (this: Self, ...args: Args) => Return;
}

/** What {@linkcode assertSpyCall} compares a call with; what is left out is not compared. */
export interface ExpectedSpyCall<Self = any, Args extends unknown[] = any[], Return = any> {
  /** The arguments. */
  args?: [...Args, ...unknown[]];
  /** The object it was called on. */
  self?: Self;
  /** The value returned. */
  returned?: Return;
  /** The error thrown. */
  error?: {
    /** Its class. */
    Class?: new (...args: any[]) => Error;
    /** A part of its message. */
    msgIncludes?: string;
  };
}

type Method<Self, Args extends unknown[], Return> = (this: Self, ...args: Args) => Return;
type ArgsOf<Self, Key extends keyof Self> = Self[Key] extends (...args: infer Args) => unknown ? Args : unknown[];
type ReturnOf<Self, Key extends keyof Self> = Self[Key] extends (...args: any[]) => infer Return ? Return : unknown;

/** Wraps nothing, a function or a method in a spy. */
export function spy<Self = any, Args extends unknown[] = any[], Return = undefined>(): Spy<Self, Args, Return>;
export function spy<Self, Args extends unknown[], Return>(func: Method<Self, Args, Return>): Spy<Self, Args, Return>;
export function spy<Self, Key extends keyof Self>(
  self: Self,
  property: Key,
): MethodSpy<Self, ArgsOf<Self, Key>, ReturnOf<Self, Key>>;
export function spy(self: any = () => {}, property?: PropertyKey): Spy {
  if (property !== undefined) {
    if (typeof self[property] !== "function") throw new MockError("Cannot spy: property is not an instance method");
    return replaceMethod(self, property, self[property]);
  }
  return createSpy(self, self, () => {
    throw new MockError("Cannot restore: function cannot be restored");
  });
}

/** Puts a stub in the place of a method. Without a function of its own it does nothing. */
export function stub<Self, Key extends keyof Self>(
  self: Self,
  property: Key,
  func?: Method<Self, ArgsOf<Self, Key>, ReturnOf<Self, Key>>,
): Stub<Self, ArgsOf<Self, Key>, ReturnOf<Self, Key>>;
export function stub(self: any, property: PropertyKey, func: Method<any, any[], any> = () => {}): Stub {
  if (self[property] !== undefined && typeof self[property] !== "function") {
    throw new MockError("Cannot stub: property is not an instance method");
  }
  return Object.assign(replaceMethod(self, property, func), { fake: func });
}

/** Asserts how many times a spy was called. */
export function assertSpyCalls<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  expectedCalls: number,
): void {
  const isShort = spy.calls.length < expectedCalls;
  assertEquals(
    spy.calls.length,
    expectedCalls,
    isShort ? "spy not called as much as expected" : "spy called more than expected",
  );
}

/** Asserts that a spy was called at least up to an index, and how. */
export function assertSpyCall<Self, Args extends unknown[], Return>(
  spy: Spy<Self, Args, Return>,
  callIndex: number,
  expected: ExpectedSpyCall<Self, Args, Return> = {},
): void {
  const call = spy.calls[callIndex];
  assertExists(call, "spy not called as much as expected");
  if ("returned" in expected && "error" in expected) {
    throw new TypeError("Cannot expect both an error and a return value: a call has only one of them");
  }
  if (expected.args) assertEquals<unknown>(call.args, expected.args, "spy not called with expected args");
  if ("self" in expected) assertEquals(call.self, expected.self, "spy not called on expected self");
  if ("returned" in expected) {
    assert(!call.error, "spy call did not return expected value, an error was thrown");
    assertEquals(call.returned, expected.returned, "spy call did not return expected value");
  }
  if ("error" in expected) {
    assert(!("returned" in call), "spy call did not throw an error, a value was returned");
    assertIsError(call.error, expected.error?.Class, expected.error?.msgIncludes);
  }
}

function replaceMethod(self: any, property: PropertyKey, run: Method<any, any[], any>): MethodSpy {
  const original = self[property];
  if (isSpy(original)) throw new MockError("Cannot spy: already spying on instance method");
  const descriptor = Object.getOwnPropertyDescriptor(self, property);
  if (descriptor?.configurable === false) throw new MockError("Cannot spy: non-configurable instance method");

  const restore = () => {
    if (methodSpy.restored) throw new MockError("Cannot restore: instance method is already restored");
    if (descriptor) Object.defineProperty(self, property, descriptor);
    else delete self[property];
    methodSpy.restored = true;
  };
  const methodSpy = Object.assign(createSpy(original, run, restore), { [Symbol.dispose]: restore });
  Object.defineProperty(self, property, {
    configurable: true,
    enumerable: descriptor?.enumerable ?? false,
    writable: descriptor?.writable ?? false,
    value: methodSpy,
  });
  return methodSpy;
}

function createSpy(original: Method<any, any[], any>, run: Method<any, any[], any>, restore: () => void): Spy {
  const calls: SpyCall[] = [];
  function recordCall(this: unknown, ...args: unknown[]): unknown {
    const call: SpyCall = this ? { args, self: this } : { args };
    try {
      return call.returned = run.apply(this, args);
    } catch (error) {
      // The canonical package calls it an Error too, whatever was thrown.
      call.error = error as Error;
      throw error;
    } finally {
      calls.push(call);
    }
  }
  return Object.assign(recordCall, { original, calls, restored: false, restore });
}

function isSpy(value: unknown): boolean {
  return typeof value === "function" && "original" in value && "calls" in value && "restore" in value;
}
