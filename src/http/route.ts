/** What a path of the handler stands for. */
export type Route =
  | { readonly name: "runs" }
  | { readonly name: "run"; readonly runId: string }
  | { readonly name: "events"; readonly runId: string };

/** The methods that each kind of path has, beside OPTIONS. */
export const METHODS: Readonly<Record<Route["name"], readonly string[]>> = {
  runs: ["GET", "HEAD", "POST"],
  run: ["GET", "HEAD", "DELETE"],
  events: ["GET", "HEAD"],
};

/** Longer ids are taken for none: no store has to be asked for them. */
const MAX_ID_LENGTH = 512;

/** What the path of a URL stands for, `null` for nothing. */
export function parseRoute(pathname: string, basePath: string): Route | null {
  if (!pathname.startsWith(`${basePath}/`)) return null;
  const [first, segment, last, ...more] = pathname.slice(basePath.length + 1).split("/");
  if (first !== "runs" || more.length > 0) return null;
  if (segment === undefined) return { name: "runs" };
  const runId = decode(segment);
  if (runId === null || runId === "" || runId.length > MAX_ID_LENGTH) return null;
  if (last === undefined) return { name: "run", runId };
  return last === "events" ? { name: "events", runId } : null;
}

/** Decoded after the path is split: an id may hold a slash. */
function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    // What is no UTF-8 is the id of no run.
    return null;
  }
}
