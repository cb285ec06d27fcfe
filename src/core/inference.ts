import type { Result } from "./result.ts";

/**
 * What the type parameters of a workflow say about its steps. Three of them run through the public types:
 * `Payloads` maps step names to payloads, `Context` is the run's context, and `Returns` maps the names of the steps
 * added so far to what their actions return. None of them exists at run time.
 *
 * They are built to be cheap for hundreds of steps: what is done at each step of a chain must not look at all the
 * steps. So nothing reads the properties of `Returns`, an intersection of a record a step, before someone asks for a
 * result.
 */

// deno-lint-ignore no-explicit-any -- the default of an untyped workflow: every name and payload is allowed
export type Any = any;

/** No step added yet. */
export type NoReturns = Record<never, never>;

/**
 * The names that a route may have, or those of the steps in `Returns`. It is a conditional type, which is always true,
 * so that the compiler works it out once for a map of payloads: a bare `keyof` lists all names at every use.
 */
export type StepName<Payloads> = [Payloads] extends [unknown] ? keyof Payloads & string : never;

/** The payload of a step. */
export type PayloadOf<Payloads, Name extends StepName<Payloads>> = Payloads[Name];

/**
 * The name, if a value can be the step's payload. It asks for one name only: a union of all would cost steps squared.
 */
export type StepTaking<Payloads, Name, Value> = Name extends StepName<Payloads>
  ? [Value] extends [PayloadOf<Payloads, Name>] ? Name : never
  : never;

/** The payloads of the steps that may be routed to: all, unless `routes` declares some. */
export type RoutedPayloads<Payloads, Routes extends StepName<Payloads>> = [StepName<Payloads>] extends [Routes]
  ? Payloads
  : Pick<Payloads, Routes>;

/** The name, if the step's payload can be a list of results. */
export type TakingResults<Payloads, Name> = Name extends StepName<Payloads>
  ? Result<never>[] extends PayloadOf<Payloads, Name> ? Name
  : PayloadOf<Payloads, Name> extends readonly Result<Any>[] ? Name
  : never
  : never;

/** What an action's value is: what it returns, awaited; for a generator what it returns in the end. */
export type ValueOf<Returned> = Returned extends AsyncGenerator<infer _Chunk, infer Value, Any> ? Awaited<Value>
  : Returned extends Generator<infer _Chunk, infer Value, Any> ? Awaited<Value>
  : Returned extends PromiseLike<infer Later> ? ValueOf<Later>
  : Returned;

/** What a generator action yields, `never` for any other action, `unknown` for one of which nothing is known. */
export type ChunkOf<Returned> = Returned extends AsyncGenerator<infer Chunk, infer _Value, Any> ? Chunk
  : Returned extends Generator<infer Chunk, infer _Value, Any> ? Awaited<Chunk>
  : Returned extends PromiseLike<infer Later> ? ChunkOf<Later>
  : Returned extends object | string | number | bigint | boolean | symbol | null | void ? never
  : unknown;

/** The value of a step by its name: exact for an added step, otherwise as open as the payloads are. */
export type StepValue<Payloads, Returns, Name extends string> = IsAny<Payloads> extends true ? Any
  : ValueOf<ReturnedBy<Returns, Name>>;

/** The chunks of a step by its name, with the same openness. */
export type StepChunk<Payloads, Returns, Name extends string> = IsAny<Payloads> extends true ? Any
  : ChunkOf<ReturnedBy<Returns, Name>>;

/**
 * What a step's action returns, `unknown` of a step that has not been added. A question whether it was (`Name extends
 * keyof Returns`) would keep the compiler from seeing that a workflow with more steps is one with less.
 */
export type ReturnedBy<Returns, Name extends string> = (Returns & Record<string, unknown>)[Name];

/** The names that events carry: those of the payload map; without one, any. */
export type EventStepName<Payloads> = IsAny<Payloads> extends true ? string : StepName<Payloads>;

/**
 * The context with what the engine writes to it: each step's last value, `null` if it failed. It is `any` where neither
 * payloads nor context are typed.
 */
export type ContextWithResults<Payloads, Context, Returns, Keys extends string = ResultKey<StepName<Returns>>> =
  IsAny<Payloads> extends true ? IsAny<Context> extends true ? Any : Context & StepResults<Returns, Keys>
    : (IsAny<Context> extends true ? Record<string, Any> : Context) & StepResults<Returns, Keys>;

/** Where the context keeps a step's last value. */
export type ResultKey<Name extends string> = `result.${Name}`;

/** The last values of steps, as they are in the context. Each is worked out only where it is read. */
export type StepResults<Returns, Keys extends string = ResultKey<StepName<Returns>>> = {
  [Key in Keys]?: ResultAt<Returns, Key>;
};

/** The last value of a step by its place in the context. */
export type ResultAt<Returns, Key extends string> = Key extends ResultKey<infer Name>
  ? Name extends keyof Returns ? ValueOf<Returns[Name]> | null : unknown
  : never;

/** What one more step adds to `Returns`: nothing, if it is left out. */
export type Added<Name extends string, Returned> = [Name] extends [never] ? unknown : Record<Name, Returned>;

/** True for `any` alone. */
export type IsAny<Type> = 0 extends 1 & Type ? true : false;
