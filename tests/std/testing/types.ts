/**
 * Stand-in for `@std/testing/types`, for machines that reach npm but not JSR. `links` in the root `deno.json` puts it
 * in place of the canonical package; `deno unlink tests/std/testing` goes back.
 *
 * @module
 */

/** Fails to compile where the type is not the boolean given. */
export function assertType<T extends boolean>(_expectTrue: T): void {}

/** Fails to compile where the type is not `true`. */
export type AssertTrue<T extends true> = [T] extends [true] ? never : never;

/** Fails to compile where the type is not `false`. */
export type AssertFalse<T extends false> = [T] extends [false] ? never : never;

/** Whether the types are the same one; `any` equals only itself. */
export type IsExact<T, U> = IsIdentical<Flat<T>, Flat<U>>;

/** Whether the union `T` contains `U`. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : IsNever<Extract<T, U>> extends true ? false
  : true;

/** Whether the union `T` does not contain `U`. */
export type NotHas<T, U> = Has<T, U> extends true ? false : true;

/** Whether `null` or `undefined` is part of the type. */
export type IsNullable<T> = IsNever<Extract<T, null | undefined>> extends true ? false : true;

/** Whether the type is `any`. */
export type IsAny<T> = 0 extends (1 & T) ? true : false;

/** Whether the type is `never`. */
export type IsNever<T> = [T] extends [never] ? true : false;

/** Whether the type is `unknown`. */
export type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;

// TypeScript calls two generic functions assignable only when the types they compare with are identical.
type IsIdentical<T, U> = (<X>() => X extends T ? 1 : 2) extends (<X>() => X extends U ? 1 : 2) ? true : false;

// Makes one object of an intersection, which says the same but would not be identical.
type Flat<T> = IsAny<T> extends true ? T
  : T extends Record<PropertyKey, unknown> ? { [Key in keyof T]: Flat<T[Key]> }
  : T;
