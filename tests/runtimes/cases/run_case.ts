import type { SqliteDatabase } from "@stepstream/workflow/stores/sqlite";
import { laterTurn } from "../../tools/events.ts";
import { allCases } from "./all_cases.ts";
import { controlCases } from "./control_cases.ts";
import type { RuntimeCase } from "./runtime_case.ts";
import { siteCases } from "./site_cases.ts";
import { sqliteStoreCases } from "./store_cases.ts";
import { trapRejections } from "./trap_rejections.ts";

/** What the cases are run with. */
export interface RunCaseOptions {
  /** The address of the site, for the cases that are about one. Default: none. */
  readonly origin?: string;
  /** Opens an empty database, for the cases that are about one. Default: none. */
  readonly openDatabase?: () => SqliteDatabase;
}

/** Runs a case here; answers what went wrong, `null` for nothing. A rejection that nobody handles is wrong, too. */
export async function runCase(name: string, options: RunCaseOptions = {}): Promise<string | null> {
  const found = casesWith(options).find((its) => its.name === name);
  if (found === undefined) return "There is no such case";
  const { limitMs = 30_000 } = found;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let release = () => {};
  const broken = new Promise<never>((_resolve, reject) => {
    const fail = (what: string) => reject(new Error(what));
    timer = setTimeout(() => fail(`It is not done after ${limitMs} ms`), limitMs);
    release = trapRejections((reason) => fail(`Nobody handled the rejection with ${describe(reason)}`));
  });
  try {
    // What nobody handles is told on a later turn, in Chromium even after a timer.
    await Promise.race([broken, found.run().then(laterTurn).then(laterTurn)]);
    return null;
  } catch (error) {
    return describe(error);
  } finally {
    clearTimeout(timer);
    release();
  }
}

function casesWith({ origin = "", openDatabase }: RunCaseOptions): readonly RuntimeCase[] {
  return [
    ...allCases,
    ...controlCases,
    ...siteCases.map(({ name, run }): RuntimeCase => ({ name, run: () => run(origin) })),
    ...(openDatabase === undefined ? [] : sqliteStoreCases(openDatabase)),
  ];
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error}\n${error.stack}` : String(error);
}
