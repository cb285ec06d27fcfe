/** The outcome of a step: a value, or the error that its action threw. */
export type Result<Value = unknown> =
  | { readonly ok: true; readonly value: Value; readonly error: null }
  | { readonly ok: false; readonly value: null; readonly error: unknown };
