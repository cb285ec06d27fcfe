import pg from "pg";

/** How many bytes a process has had written to the disk. Of a process that is gone, none. */
export async function writtenBy(pid: number): Promise<number> {
  // By a program: to read there itself, Deno asks for every permission.
  const { stdout } = await new Deno.Command("env", {
    args: ["cat", `/proc/${pid}/io`],
  }).output();
  return Number(/^write_bytes: (\d+)$/m.exec(new TextDecoder().decode(stdout))?.[1] ?? NaN);
}

/** How many bytes a Postgres has written to its log so far. */
export async function writtenToLog(url: string): Promise<number> {
  return Number(
    await ask(
      url,
      "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS answer",
    ),
  );
}

/** The one answer of a query. */
export async function ask(url: string, query: string): Promise<unknown> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query(query);
    return rows[0].answer;
  } finally {
    await client.end();
  }
}
