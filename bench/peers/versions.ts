/** The version of each package that this folder pins. */
export async function readVersions(): Promise<ReadonlyMap<string, string>> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("./deno.json", import.meta.url))) as {
    readonly imports: Readonly<Record<string, string>>;
  };
  return new Map(Object.entries(imports).map(([name, specifier]) => [name, specifier.slice(`npm:${name}@`.length)]));
}
