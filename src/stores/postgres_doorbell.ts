import type { Clock } from "../core/clock.ts";
import type { PostgresConnection } from "./postgres_connection.ts";
import { toArrayText } from "./postgres_rows.ts";

/** How long after one notice the next goes out at the earliest, in ms. */
const PAUSE_MS = 50;

/**
 * Tells other processes of written runs: a hint, sent apart from what it is about, because a notice in a transaction
 * makes all that have one commit one after the other. Many writes are one notice.
 */
export class PostgresDoorbell {
  readonly #connection: PostgresConnection;
  readonly #channel: string;
  readonly #clock: Clock;
  #written = new Set<string>();
  #sending: Promise<void> = Promise.resolve();
  #timer: unknown = null;
  #isClosed = false;

  constructor(connection: PostgresConnection, channel: string, clock: Clock) {
    this.#connection = connection;
    this.#channel = channel;
    this.#clock = clock;
  }

  /** Tells of a run, at once or with the next notice. */
  ring(runId: string): void {
    if (this.#isClosed) return;
    this.#written.add(runId);
    if (this.#timer !== null) return;
    this.#send();
  }

  /** Sends what is left, and waits until all is sent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#sending = this.#sending.then(() => this.#notify());
    await this.#sending;
  }

  #send(): void {
    this.#sending = this.#sending.then(() => this.#notify());
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = null;
      if (this.#written.size > 0) this.#send();
    }, PAUSE_MS);
  }

  async #notify(): Promise<void> {
    if (this.#written.size === 0) return;
    const runIds = toArrayText([...this.#written]);
    this.#written = new Set();
    try {
      const text = "SELECT pg_notify($1, run_id) FROM unnest($2::text::text[]) AS written (run_id)";
      await this.#connection.run(null, "tell of writes", text, [this.#channel, runIds]);
    } catch {
      // The runs are written, and those who wait for them ask also by themselves.
    }
  }
}
