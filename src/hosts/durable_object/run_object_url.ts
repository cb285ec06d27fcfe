/** What a Worker asks the object of a run. */
export interface RunObjectCall {
  readonly runId: string;
  /** Whether it is about the run's events. */
  readonly isEvents: boolean;
  /** The `seq` of the last event that the reader has. */
  readonly after: number;
}

/** The URL of a call. Its host is nobody's: it never leaves for the network. */
export function toObjectUrl(runId: string, events: { readonly after: number } | null = null): string {
  // Not in the path, where ".." would be no id.
  const run = `run=${encodeURIComponent(runId)}`;
  return events === null ? `https://run.invalid/?${run}` : `https://run.invalid/events?${run}&after=${events.after}`;
}

/** The call that a URL stands for; `null` for none. */
export function parseObjectUrl(text: string): RunObjectCall | null {
  const { pathname, searchParams } = new URL(text);
  const runId = searchParams.get("run") ?? "";
  const after = Number(searchParams.get("after") ?? 0);
  if (runId === "" || !Number.isSafeInteger(after) || after < 0) return null;
  if (pathname !== "/" && pathname !== "/events") return null;
  return { runId, isEvents: pathname === "/events", after };
}
