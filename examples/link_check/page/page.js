import { element, plural } from "./dom.js";
import { addRow, clearRows, showChecked, showChecking, showFailure, showRetry, stopRows } from "./link_rows.js";
import { complete, objectionTo } from "./page_url.js";
import { addLog, addRetry, clearLog } from "./run_log.js";
import { addToTally, clearRun, showCount, showReport, showState, showStep, stopSteps } from "./run_view.js";

const input = element("url");

/** The run on show: its stream and what has been seen of it. */
let run = null;

input.value = new URLSearchParams(location.search).get("url") ?? new URL("/demo/", location.href).href;
showCommand();

element("form").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  const url = readUrl();
  if (url !== null) start(url);
});
input.addEventListener("input", () => {
  showInputError("");
  showCommand();
});
element("stop").addEventListener("click", () => {
  // The server cancels the run when its stream is closed.
  end("stopped", "Stopped: the server has cancelled the run");
  element("start").focus();
});
addEventListener("pagehide", () => run?.source.close());

function start(url) {
  run?.source.close();
  clearRun();
  clearRows();
  clearLog();
  const source = new EventSource(`/check?${new URLSearchParams({ url })}`);
  const { origin } = new URL(url);
  // `links` holds the link and the row of every token.
  run = { source, origin, startedAt: 0, total: 0, checked: 0, atWork: 0, links: new Map() };
  showState("connecting", "Connecting …");
  source.onmessage = (message) => showEvent(JSON.parse(message.data));
  // The browser would come back, but the run is gone with its stream.
  source.onerror = () => {
    const isStarted = run.startedAt > 0;
    end(
      "failed",
      isStarted
        ? "Failed: the connection to the server was lost"
        : "Failed: the server is gone or busy, try again soon",
    );
  };
}

function end(state, text) {
  run.source.close();
  stopRows();
  stopSteps(state);
  showState(state, text);
}

function showEvent(event) {
  if (event.type === "run.start") {
    run.startedAt = event.at;
    return showState("running", "Running");
  }
  if (event.type === "run.end") return showEnd(event);
  if (event.type === "step.log") return addLog(event, run);
  if (event.step === "check-link") return showLinkEvent(event);
  if (event.type === "step.start") showStep(event.step, "running");
  if (event.type === "step.result") showResult(event);
}

/** An event of one of the links, several of which are at work at once. */
function showLinkEvent(event) {
  const { type, token, attempt } = event;
  if (type === "step.start" && attempt === 1) {
    run.links.set(token, { url: event.payload.url, row: addRow(event.payload, run.origin) });
    run.atWork += 1;
  }
  const { url, row } = run.links.get(token);
  if (type === "step.start") showChecking(row, attempt);
  if (type === "step.retry") {
    showRetry(row, event);
    addRetry(event, url, run);
  }
  if (type === "step.result") {
    run.checked += 1;
    run.atWork -= 1;
    const { ok, value, error } = event.result;
    if (ok) showChecked(row, value, run.origin);
    else showFailure(row, error);
    addToTally(ok ? value.verdict : "broken");
  }
  showCount(run);
}

function showResult({ step, result }) {
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

function showEnd({ status, error }) {
  if (status === "failed") return end("failed", `Failed: ${error.message}`);
  if (status === "cancelled") return end("stopped", `Stopped: ${error.message}`);
  const broken = Number(element("broken").textContent);
  end("done", broken === 0 ? "Done: no link is broken" : `Done: ${broken} of ${plural(run.total, "link")} broken`);
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
  showCommand();
  return input.value;
}

function showInputError(text) {
  element("url-error").textContent = text;
  input.setAttribute("aria-invalid", String(text !== ""));
}

function showCommand() {
  const query = new URLSearchParams({ url: input.value.trim() });
  // A quote is the one character that a query may hold and a quoted shell word may not.
  element("curl").textContent = `curl -N '${location.origin}/check?${String(query).replaceAll("'", "%27")}'`;
}
