const HERE = new URL(".", import.meta.url).pathname;

/**
 * How Deno finds the engines, which the module itself must not depend on: by an import map and a lock of their own. A
 * `deno.json` here would not do, for Deno joins it with the one above.
 */
export const DENO_FLAGS: readonly string[] = [
  "--quiet",
  "--no-config",
  `--import-map=${HERE}import_map.json`,
  `--lock=${HERE}deno.lock`,
  "--frozen",
  "--unstable-kv",
  "--unstable-no-legacy-abort",
];

/** A package that is only run, so no import brings it along. */
export const RESTATE_SERVER = "npm:@restatedev/restate-server@^1.7.12";
