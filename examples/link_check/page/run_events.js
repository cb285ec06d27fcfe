import { element, plural } from "./dom.js";
import { addRow, pauseRows, showChecked, showChecking, showFailure, showRetry, stopRows } from "./link_rows.js";
import { addLog, addNote, addRetry } from "./run_log.js";
import { addToTally, showCount, showReport, showState, showStep, stopSteps } from "./run_view.js";

/** Shows an event of a run, which keeps what has been seen of it. The same events always come to the same page. */
export function showEvent(run, event) {
  switch (event.type) {
    case "run.start":
      run.startedAt = event.at;
      return showState("running", "Running");
    case "run.suspend":
      run.isSuspended = true;
      pauseRows();
      addNote(event, "suspend", event.reason, run);
      return showState("suspended", "Suspended: the server goes on with it when it is back");
    case "run.resume":
      run.isSuspended = false;
      // What was at work starts again, under the same tokens: their rows are there already.
      pauseRows();
      addNote(event, "resume", "a server goes on with the run", run);
      return showState("running", "Running");
    case "run.end":
      return showEnd(run, event);
    case "step.log":
      return addLog(event, run);
  }
  if (event.step === "check-link") return showLinkEvent(run, event);
  if (event.type === "step.start") showStep(event.step, "running");
  if (event.type === "step.result") showResult(run, event);
}

/** Shows that there will be nothing more. */
export function showOver(run, state, text) {
  run.isOver = true;
  stopRows();
  stopSteps(state);
  showState(state, text);
}

/** An event of one of the links, several of which are at work at once. */
function showLinkEvent(run, event) {
  const { type, token, attempt } = event;
  if (type === "step.start" && !run.links.has(token)) {
    run.links.set(token, { url: event.payload.url, row: addRow(event.payload, run.origin) });
  }
  const { url, row } = run.links.get(token);
  if (type === "step.start") showChecking(row, attempt);
  if (type === "step.retry") {
    showRetry(row, event);
    addRetry(event, url, run);
  }
  if (type === "step.result") {
    run.checked += 1;
    const { ok, value, error } = event.result;
    if (ok) showChecked(row, value, run.origin);
    else showFailure(row, error);
    addToTally(ok ? value.verdict : "broken");
  }
  showCount(run);
}

function showResult(run, { step, result }) {
  if (!result.ok) return showStep(step, "failed");
  showStep(step, "done");
  const { url, links } = result.value;
  run.origin = new URL(url).origin;
  if (step === "fetch-page") {
    run.total = links.length;
    return showCount(run);
  }
  showReport(result.value, run.origin);
  const checked = new Map(links.map((link) => [link.url, link]));
  for (const { url, row } of run.links.values()) showChecked(row, checked.get(url), run.origin);
}

function showEnd(run, { status, error }) {
  if (status === "failed") return showOver(run, "failed", `Failed: ${error.message}`);
  if (status === "cancelled") return showOver(run, "stopped", `Stopped: ${error.message}`);
  const broken = Number(element("broken").textContent);
  const text = broken === 0 ? "Done: no link is broken" : `Done: ${broken} of ${plural(run.total, "link")} broken`;
  showOver(run, "done", text);
}
