/**
 * Stand-in for `@std/assert`, for machines that reach npm but not JSR: std's own code, taken from npm, under types of
 * our own because that package has none. `links` in the root `deno.json` puts it in place of the canonical package;
 * `deno unlink tests/std/assert` goes back. A function a test needs has to be declared in `mod.d.ts`.
 *
 * @module
 */

// @ts-types="./mod.d.ts"
export * from "deno-std/assert/mod.js";
