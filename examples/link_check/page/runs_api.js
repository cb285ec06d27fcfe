/** How often a start is tried: for some eight seconds, which is what a server takes to start anew. */
const MAX_TRIES = 6;

/** An id that nobody can guess: whoever knows it may watch the run and cancel it. */
export function createRunId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Starts a run. The same id is never a second run, so this asks again when it got no answer. */
export async function startRun(runId, url, signal) {
  const body = JSON.stringify({ runId, start: "fetch-page", payload: { url } });
  for (let tries = 1;; tries += 1) {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, signal };
    const response = await fetch("/runs", init).catch(() => null);
    signal.throwIfAborted();
    if (response?.ok) return;
    const mayPass = response === null || response.status >= 500;
    if (!mayPass || tries === MAX_TRIES) throw new Error(await reasonOf(response));
    await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** (tries - 1)));
    signal.throwIfAborted();
  }
}

/** Cancels a run, whose end comes with its events; false if nobody could be told. */
export async function cancelRun(runId) {
  const response = await fetch(urlOf(runId), { method: "DELETE" }).catch(() => null);
  return response !== null && response.status < 500;
}

/** Where the events of a run are. */
export function eventsOf(runId) {
  return `${urlOf(runId)}/events`;
}

function urlOf(runId) {
  return `/runs/${encodeURIComponent(runId)}`;
}

async function reasonOf(response) {
  if (response === null || response.status >= 500) return "the server is gone, try again soon";
  if (response.status === 429) return "the server is busy, try again soon";
  const { detail, issues = [] } = await response.json();
  return issues[0]?.message ?? detail;
}
