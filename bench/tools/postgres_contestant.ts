import { PostgresStore } from "@stepstream/workflow/stores/postgres";
import pg from "pg";
import type { StoreContestant } from "./store_contestant.ts";

/** The store on a Postgres, by `pg`, and one statement a write on the same connection. */
export async function inPostgres(url: string): Promise<StoreContestant> {
  const client = new pg.Client(url);
  await client.connect();
  const query = (text: string, values: readonly unknown[] = []) => client.query(text, [...values]);
  const store = await PostgresStore.open({ query });
  await query(`
    CREATE TABLE IF NOT EXISTS bare_runs (run_id text PRIMARY KEY, revision bigint, wake_at bigint);
    CREATE TABLE IF NOT EXISTS bare_records (run_id text, revision bigint, text text, PRIMARY KEY (run_id, revision));
    CREATE TABLE IF NOT EXISTS bare_events (run_id text, seq bigint, text text, PRIMARY KEY (run_id, seq));
  `);
  return {
    store,
    write: async (runId, { record, snapshot, events }, revision) => {
      if (revision === 1) await query("INSERT INTO bare_runs VALUES ($1, 0, 0)", [runId]);
      await query(
        `WITH head AS (
          UPDATE bare_runs SET revision = $2, wake_at = $3 WHERE run_id = $1 AND revision = $2 - 1 RETURNING 1
        ), forgotten AS (DELETE FROM bare_records WHERE run_id = $1 AND $5::boolean), record AS (
          INSERT INTO bare_records SELECT $1, $2, $4::text FROM head WHERE $4::text IS NOT NULL
        ) INSERT INTO bare_events SELECT $1, seq, text FROM head, unnest($6::bigint[], $7::text[]) AS e (seq, text)`,
        [
          runId,
          revision,
          Date.now(),
          JSON.stringify(snapshot ?? record),
          snapshot !== null,
          events.map(({ seq }) => seq),
          events.map(({ event }) => JSON.stringify(event)),
        ],
      );
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
