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
  const url = `https://run.invalid/${encodeURIComponent(runId)}`;
  return events === null ? url : `${url}/events?after=${events.after}`;
}

/** The call that a URL stands for; `null` for none. */
export function parseObjectUrl(text: string): RunObjectCall | null {
  const { pathname, searchParams } = new URL(text);
  const [, segment = "", last, ...more] = pathname.split("/");
  const after = Number(searchParams.get("after") ?? 0);
  if (segment === "" || more.length > 0 || !Number.isSafeInteger(after) || after < 0) return null;
  if (last !== undefined && last !== "events") return null;
  return { runId: decodeURIComponent(segment), isEvents: last === "events", after };
}
