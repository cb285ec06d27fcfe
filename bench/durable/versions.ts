import { DatabaseSync } from "node:sqlite";

/** What it was measured on: one line. */
export async function describeMachine(postgres: string): Promise<string> {
  const gib = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  const system = `${Deno.build.os} ${Deno.osRelease()}, ${navigator.hardwareConcurrency} cores, ${gib} GiB`;
  const packages = await packageVersions();
  return `${system}; Deno ${Deno.version.deno} (V8 ${Deno.version.v8}), SQLite ${sqliteVersion()}, Postgres ${postgres}, ` +
    packages.join(", ");
}

/** The engines' versions, as they are locked. */
async function packageVersions(): Promise<readonly string[]> {
  const lock = await Deno.readTextFile(new URL("deno.lock", import.meta.url));
  const { specifiers }: {
    readonly specifiers: Readonly<Record<string, string>>;
  } = JSON.parse(lock);
  return Object.entries(specifiers)
    .filter(([specifier]) => !specifier.startsWith("npm:@types/"))
    // A version may have its peers behind it.
    .map(([specifier, version]) => `${specifier.replace(/^npm:|@[^@/]*$/g, "")} ${version.split("_")[0]}`);
}

function sqliteVersion(): string {
  const database = new DatabaseSync(":memory:");
  try {
    return String(
      database.prepare("SELECT sqlite_version() AS version").get()?.version,
    );
  } finally {
    database.close();
  }
}
