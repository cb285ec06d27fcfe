import { element } from "./dom.js";
import { followRun } from "./follow_run.js";
import { clearRows } from "./link_rows.js";
import { complete, objectionTo } from "./page_url.js";
import { showEvent, showOver } from "./run_events.js";
import { clearLog } from "./run_log.js";
import { clearRun, showState } from "./run_view.js";
import { cancelRun, createRunId, eventsOf, startRun } from "./runs_api.js";

const input = element("url");
const stop = element("stop");

/** The run on show and what has been seen of it; `null` before the first. */
let run = null;

input.value = new URLSearchParams(location.search).get("url") ?? new URL("/demo/", location.href).href;
showAddress();
addEventListener("popstate", showAddress);

element("form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const url = readUrl();
  if (url !== null) start(url);
});
input.addEventListener("input", () => {
  showInputError("");
  showCommand();
});
stop.addEventListener("click", async () => {
  const { runId, isStarted, leave } = run;
  stop.disabled = true;
  element("start").focus();
  if (!isStarted) return leave.abort();
  // Its end comes with its events, unless nobody heard of it.
  const isTold = await cancelRun(runId);
  if (!isTold && run?.runId === runId && !run.isOver) stop.disabled = false;
});

/** Shows the run that the address names, from its first event on: after a reload it is all there again. */
function showAddress() {
  const runId = new URLSearchParams(location.search).get("run");
  if (runId === run?.runId) return;
  if (runId !== null) {
    watch(show(runId));
    return;
  }
  run?.leave.abort();
  run = null;
  clear();
  showState("idle", "Ready");
  showCommand();
}

async function start(url) {
  // It would go on without anybody watching.
  if (run?.isStarted && !run.isOver) cancelRun(run.runId);
  const started = show(createRunId());
  const { signal } = started.leave;
  try {
    await startRun(started.runId, url, signal);
  } catch (error) {
    // It may have been started all the same.
    if (signal.aborted) cancelRun(started.runId);
    if (started !== run) return;
    if (signal.aborted) return showNoRun("stopped", "Stopped: The check was cancelled");
    return showNoRun("failed", `Failed: ${error.message}`);
  }
  history.pushState(null, "", `?${new URLSearchParams({ run: started.runId })}`);
  watch(started);
}

/** Makes room for a run. */
function show(runId) {
  run?.leave.abort();
  clear();
  const { origin } = location;
  run = {
    runId,
    origin,
    startedAt: 0,
    total: 0,
    checked: 0,
    // The link and the row of every token.
    links: new Map(),
    isStarted: false,
    isSuspended: false,
    isOver: false,
    leave: new AbortController(),
  };
  showState("connecting", "Connecting …");
  showCommand();
  return run;
}

/** Follows a run to its end, over as many connections as that takes. */
async function watch(watched) {
  const { runId, leave: { signal } } = watched;
  watched.isStarted = true;
  const onState = (state) => watched === run && !run.isOver && showConnection(state);
  try {
    // A server that comes back is to be noticed soon.
    const events = followRun(eventsOf(runId), { signal, onState, maxDelayMs: 3_000, maxFailures: 200 });
    for await (const event of events) {
      if (event.type === "run.start" && document.activeElement !== input) input.value = event.payload.url;
      showEvent(watched, event);
    }
  } catch (error) {
    if (watched !== run) return;
    if (error.status === 404) return showNoRun("failed", "There is no such run: runs are kept for a day");
    showOver(run, "failed", "Failed: the server is gone");
  }
}

/** Shows why there is no run to show. */
function showNoRun(state, text) {
  showOver(run, state, text);
  run = null;
  showCommand();
}

function showConnection(state) {
  if (state === "reconnecting") showState("reconnecting", "Reconnecting …");
  if (state !== "open") return;
  if (run.isSuspended) showState("suspended", "Suspended: the server goes on with it when it is back");
  else showState("running", "Running");
}

function clear() {
  clearRun();
  clearRows();
  clearLog();
}

/** The URL in the field, with a scheme where it was left out; `null` after saying what is wrong with it. */
function readUrl() {
  const text = complete(input.value);
  const objection = objectionTo(text);
  showInputError(objection);
  if (objection !== "") {
    input.focus();
    return null;
  }
  input.value = new URL(text).href;
  return input.value;
}

function showInputError(text) {
  element("url-error").textContent = text;
  input.setAttribute("aria-invalid", String(text !== ""));
}

/**
 * The command that shows the same in a terminal: the events of the run on show, or those of a check of its own. There
 * is none for what could not be checked.
 */
function showCommand() {
  const url = complete(input.value);
  element("command").hidden = run === null && objectionTo(url) !== "";
  const path = run === null ? `/check?${new URLSearchParams({ url })}` : eventsOf(run.runId);
  // A quote is the one character that a URL may hold and a quoted shell word may not.
  element("curl").textContent = `curl -N '${location.origin}${path.replaceAll("'", "%27")}'`;
}
