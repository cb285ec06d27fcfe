import * as v from "valibot";

/** The schema of what a check starts with, for HTTP requests, the command line and the start step. */
export const checkInputSchema = v.object({
  url: v.pipe(
    v.string("it is missing: give the URL of a page"),
    v.maxLength(2_048, "it is longer than 2048 characters"),
    v.check((text) => URL.canParse(text), "it is no URL: give a whole one, like https://example.com/"),
    // An issue ends the pipe here, so what follows has a URL to look at.
    v.transform((text) => new URL(text)),
    v.check(({ protocol }) => /^https?:$/.test(protocol), "a URL to check begins with http:// or https://"),
    v.check(({ username, password }) => username === "" && password === "", "it must not hold credentials"),
    v.transform(({ href }) => href),
  ),
});

/** What a check starts with. */
export type CheckInput = v.InferOutput<typeof checkInputSchema>;
