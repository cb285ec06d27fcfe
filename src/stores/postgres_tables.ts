import { StoreError } from "../core/errors.ts";
import { toText } from "../core/to_text.ts";
import type { PostgresConnection } from "./postgres_connection.ts";

/** The form of what is stored. */
const SCHEMA_VERSION = 1;

/** A name that needs no quotes; 40 characters leave room for what is put before it. */
const NAME = /^[a-z_][a-z0-9_]{0,39}$/;

/** The names of the tables, as they stand in a statement. */
export class PostgresTables {
  /** The Postgres schema, `null` for the one that comes first in the search path. */
  readonly #schema: string | null;
  readonly version: string;
  readonly runs: string;
  readonly records: string;
  readonly events: string;
  /** The channel on which is told that there was a commit. */
  readonly channel: string;

  constructor(schema: string | null) {
    if (schema !== null && !NAME.test(schema)) {
      const because = "schema is no name of up to 40 small letters, digits and underscores";
      throw new RangeError(`Cannot open a store, because ${because}: ${JSON.stringify(schema)}`);
    }
    const before = schema === null ? "" : `"${schema}".`;
    this.#schema = schema;
    this.version = `${before}stepstream_version`;
    this.runs = `${before}stepstream_runs`;
    this.records = `${before}stepstream_records`;
    this.events = `${before}stepstream_events`;
    this.channel = schema === null ? "stepstream" : `stepstream_${schema}`;
  }

  /**
   * Makes the tables if they are not there, also beside others who do so, and assures that they are of this version.
   */
  async create(connection: PostgresConnection): Promise<void> {
    // Who may not create anything still may use what is there.
    const [found] = await connection.run(null, "open the store", "SELECT to_regclass($1) IS NOT NULL AS found", [
      this.version,
    ]);
    if (found?.found !== true) await connection.run(null, "create the tables", this.#creation());
    const rows = await connection.run(null, "open the store", `SELECT version FROM ${this.version}`);
    const version = rows[0]?.version;
    if (rows.length === 1 && version === SCHEMA_VERSION) return;
    const because = `its schema has version ${toText(version)}, and this package knows version ${SCHEMA_VERSION}`;
    throw new StoreError(null, "open the store", because);
  }

  /** One statement, so one transaction: of those who do this at once, one does it and the others wait. */
  #creation(): string {
    return `DO $creation$
BEGIN
  PERFORM pg_advisory_xact_lock(7381239150416);
  -- Looked up in the catalog itself: what a connection remembers of it may be from before the lock.
  IF EXISTS (
    SELECT FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS space ON space.oid = relnamespace
    WHERE relname = 'stepstream_version' AND nspname = ${
      this.#schema === null ? "current_schema()" : `'${this.#schema}'`
    }
  ) THEN
    RETURN;
  END IF;
  ${this.#schema === null ? "" : `CREATE SCHEMA IF NOT EXISTS "${this.#schema}";`}
  CREATE TABLE ${this.runs} (
    run_id text COLLATE "C" PRIMARY KEY,
    workflow text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    last_seq bigint NOT NULL,
    wake_at double precision,
    created_at double precision NOT NULL,
    updated_at double precision NOT NULL,
    place text COLLATE "C" NOT NULL,
    snapshot_revision bigint NOT NULL,
    snapshot text NOT NULL
  );
  CREATE INDEX ON ${this.runs} (wake_at) WHERE wake_at IS NOT NULL;
  CREATE INDEX ON ${this.runs} (created_at, place);
  CREATE TABLE ${this.records} (
    run_id text COLLATE "C" NOT NULL REFERENCES ${this.runs} ON DELETE CASCADE,
    revision bigint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (run_id, revision)
  );
  CREATE TABLE ${this.events} (
    run_id text COLLATE "C" NOT NULL REFERENCES ${this.runs} ON DELETE CASCADE,
    seq bigint NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (run_id, seq)
  );
  CREATE TABLE ${this.version} (version integer NOT NULL);
  INSERT INTO ${this.version} VALUES (${SCHEMA_VERSION});
END
$creation$`;
  }
}
