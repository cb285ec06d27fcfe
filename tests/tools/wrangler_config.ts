/** What `wrangler.jsonc` of the example says of its Worker, as far as workerd needs it. */
export interface WranglerConfig {
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] };
  readonly migrations: readonly { readonly new_sqlite_classes: readonly string[] }[];
}

/** Reads it; its comments are lines of their own. Every Worker of the tests has its date. */
export async function readWranglerConfig(): Promise<WranglerConfig> {
  const url = new URL("../../examples/link_check/wrangler.jsonc", import.meta.url);
  return JSON.parse((await Deno.readTextFile(url)).replaceAll(/^ *\/\/.*$/gm, ""));
}
