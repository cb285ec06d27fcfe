/**
 * `deploy.ts` on a database that answers no commit any more from SIGINT on.
 *
 * @module
 */

Deno.addSignalListener("SIGINT", () => {
  Deno.AtomicOperation.prototype.commit = () => new Promise(() => {});
});

export { default } from "../../../examples/link_check/deploy.ts";
