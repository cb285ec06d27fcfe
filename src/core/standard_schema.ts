/**
 * The part of a Standard Schema validator that is used, as zod, valibot, arktype and others make them.
 *
 * @see {@link https://standardschema.dev}
 */
export interface StandardSchema<Output = unknown> {
  /** The validator. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** Who made the validator. */
    readonly vendor: string;
    /** Checks a value, and may convert it. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
  };
}

/** A validator's answer: the value, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, in words. */
  readonly message: string;
  /** Where it is: the keys from the outside in. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Where an issue is: its keys from the outside in, as texts. */
export function pathOf({ path = [] }: SchemaIssue): string[] {
  return path.map((key) => String(typeof key === "object" ? key.key : key));
}

/** An issue as JSON: its words and where it is, and nothing else that a validator may have put into it. */
export function plainIssue(issue: SchemaIssue): { readonly message: string; readonly path: string[] } {
  return { message: issue.message, path: pathOf(issue) };
}
