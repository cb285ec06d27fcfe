import type { Result } from "../../mod.ts";

/** The payload map of the typed workflows in these files. */
export interface Steps {
  load: { batch: string };
  process: string;
  merge: Result<number>[];
  tick: undefined;
}

/** Their context. */
export interface Seen {
  seen: string[];
}
