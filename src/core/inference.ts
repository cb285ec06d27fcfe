/**
 * What the type parameters of a workflow say about its steps. Three of them run through the public types:
 * `Payloads` maps step names to payloads, `Context` is the run's context, and `Returns` maps the names of the steps
 * added so far to what their actions return. None of them exists at run time.
 */

// deno-lint-ignore no-explicit-any -- the default of an untyped workflow: every name and payload is allowed
export type Any = any;

/** No step added yet. */
export type NoReturns = Record<never, never>;

/** The names that a route may have. */
export type StepName<Payloads> = Extract<keyof Payloads, string>;

/** The payload of a step. */
export type PayloadOf<Payloads, Name> = Name extends keyof Payloads ? Payloads[Name] : unknown;

/** The name, if a value can be the step's payload. It asks for one name only: a union of all would cost steps squared. */
export type StepTaking<Payloads, Name, Value> = Name extends StepName<Payloads>
  ? [Value] extends [PayloadOf<Payloads, Name>] ? Name : never
  : never;

/** What an action's value is: what it returns, awaited; for a generator what it returns in the end. */
export type ValueOf<Returned> = Returned extends AsyncGenerator<infer _Chunk, infer Value, Any> ? Awaited<Value>
  : Returned extends Generator<infer _Chunk, infer Value, Any> ? Awaited<Value>
  : Returned extends PromiseLike<infer Later> ? ValueOf<Later>
  : Returned;

/** What a generator action yields, `never` for any other action. */
export type ChunkOf<Returned> = Returned extends AsyncGenerator<infer Chunk, infer _Value, Any> ? Chunk
  : Returned extends Generator<infer Chunk, infer _Value, Any> ? Awaited<Chunk>
  : Returned extends PromiseLike<infer Later> ? ChunkOf<Later>
  : never;

/** The value of a step by its name: exact for an added step, otherwise as open as the payloads are. */
export type StepValue<Payloads, Returns, Name> = Name extends keyof Returns ? ValueOf<Returns[Name]>
  : IsAny<Payloads> extends true ? Any
  : unknown;

/** The chunks of a step by its name, with the same openness. */
export type StepChunk<Payloads, Returns, Name> = Name extends keyof Returns ? ChunkOf<Returns[Name]>
  : IsAny<Payloads> extends true ? Any
  : unknown;

/** The names that events carry: those of the payload map; without one, those of the steps added so far. */
export type EventStepName<Payloads, Returns> = IsAny<Payloads> extends true
  ? [keyof Returns] extends [never] ? string : Extract<keyof Returns, string>
  : StepName<Payloads>;

/**
 * The context with what the engine writes to it: each step's last value, `null` if it failed. It is `any` where neither
 * payloads nor context are typed.
 */
export type ContextWithResults<Payloads, Context, Returns> = IsAny<Payloads> extends true
  ? IsAny<Context> extends true ? Any : Context & StepResults<Returns>
  : (IsAny<Context> extends true ? Record<string, Any> : Context) & StepResults<Returns>;

/** The last values of steps, as they are in the context. */
export type StepResults<Returns> = {
  [Name in Extract<keyof Returns, string> as `result.${Name}`]?: ValueOf<Returns[Name]> | null;
};

/** True for `any` alone. */
export type IsAny<Type> = 0 extends 1 & Type ? true : false;
