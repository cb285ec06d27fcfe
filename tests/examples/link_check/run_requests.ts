import { assertEquals } from "@std/assert";
import type { LinkCheckEvent } from "../../../examples/link_check/workflow.ts";

/** Starts a run on a page, by default on the server's own demo; answers its id. */
export async function startRun(origin: string, url = `${origin}/demo/`): Promise<string> {
  const response = await fetch(`${origin}/runs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ start: "fetch-page", payload: { url } }),
  });
  const { runId } = await response.json();
  assertEquals(response.status, 201);
  return runId;
}

/** What the report says of the links, those of the origin by their paths: path, verdict, status. */
export function linksOf(events: readonly LinkCheckEvent[], origin: string): unknown[][] {
  const links = events.flatMap((event) =>
    event.type === "step.result" && event.step === "report" && event.result.ok ? event.result.value.links : []
  );
  return links.map(({ url, verdict, status }) => [url.replace(origin, ""), verdict, status]);
}
