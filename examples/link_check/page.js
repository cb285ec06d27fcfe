/// <reference lib="dom" />

const element = (id) => document.getElementById(id);
const form = element("form");
const input = element("url");
const rows = element("rows");
const log = element("log");

const VERDICTS = ["ok", "redirected", "slow", "broken"];
const MAX_LOG_LINES = 500;

/** The run on show: its stream and what has been seen of it. */
let run = null;

input.value = new URLSearchParams(location.search).get("url") ?? new URL("/demo/", location.href).href;
showCommand();

form.addEventListener("submit", (submitted) => {
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
  resetView();
  const source = new EventSource(`/check?${new URLSearchParams({ url })}`);
  run = { source, origin: new URL(url).origin, startedAt: 0, total: 0, checked: 0, rows: new Map() };
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
  for (const row of rows.querySelectorAll("[aria-busy]")) {
    row.removeAttribute("aria-busy");
    row.querySelector(".chip").textContent = "not checked";
  }
  for (const step of document.querySelectorAll('#steps [data-state="running"]')) {
    showStep(step.dataset.step, state, state);
  }
  showState(state, text);
}

function showEvent(event) {
  switch (event.type) {
    case "run.start":
      run.startedAt = event.at;
      showState("running", "Running");
      break;
    case "step.start":
      if (event.step === "check-link") addRow(event.token, event.payload);
      showProgress(event.step, "running");
      break;
    case "step.log":
      addLog(event);
      break;
    case "step.result":
      showResult(event);
      break;
    case "run.end":
      showEnd(event);
      break;
  }
}

function showResult({ step, token, result }) {
  if (!result.ok) return showProgress(step, "failed");
  if (step === "fetch-page") {
    run.total = result.value.links.length;
    run.origin = new URL(result.value.url).origin;
  }
  if (step === "check-link") {
    run.checked += 1;
    fillRow(run.rows.get(token), result.value);
  }
  if (step === "report") showReport(result.value);
  showProgress(step, step === "check-link" && run.checked < run.total ? "running" : "done");
}

function showEnd({ status, error }) {
  if (status === "failed") return end("failed", `Failed: ${error.message}`);
  if (status === "cancelled") return end("stopped", `Stopped: ${error.message}`);
  const broken = Number(element("broken").textContent);
  end("done", broken === 0 ? "Done: no link is broken" : `Done: ${broken} of ${plural(run.total, "link")} broken`);
}

function resetView() {
  rows.replaceChildren();
  log.replaceChildren();
  log.hidden = element("links").hidden = element("report").hidden = true;
  element("no-log").hidden = element("no-links").hidden = false;
  element("count").textContent = "";
  element("progress").value = 0;
  for (const verdict of VERDICTS) showTally(verdict, 0);
  for (const step of document.querySelectorAll("#steps li")) showStep(step.dataset.step, "waiting", "waiting");
}

function showState(state, text) {
  const isBusy = state === "connecting" || state === "running";
  document.body.dataset.state = state;
  element("state").textContent = text;
  element("stop").disabled = !isBusy;
  element("start").textContent = isBusy ? "Start again" : "Check links";
}

function showProgress(step, state) {
  const { checked, total } = run;
  const text = step === "check-link" && state !== "failed" ? `${checked} of ${total}` : state;
  showStep(step, state, text);
  if (total > 0) element("count").textContent = `${checked} of ${plural(total, "link")}`;
  element("progress").max = total + 1;
  element("progress").value = checked + (step === "report" && state === "done" ? 1 : 0);
}

function showStep(step, state, text) {
  const item = document.querySelector(`#steps [data-step="${step}"]`);
  item.dataset.state = state;
  item.querySelector("span").textContent = text;
}

function showTally(verdict, count) {
  const number = element(verdict);
  number.textContent = String(count);
  number.classList.toggle("zero", count === 0);
}

/** Everything from the checked page becomes text, never HTML. */
function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function addRow(token, { url, text }) {
  const row = make("tr", "", { "role": "row", "aria-busy": "true" });
  const link = make("td", "", { role: "cell" });
  link.append(make("a", shorten(url), { href: url, target: "_blank", rel: "noreferrer nofollow" }));
  if (text !== "") link.append(make("small", text));
  const verdict = make("td", "", { role: "cell" });
  verdict.append(make("span", "checking", { class: "chip" }));
  row.append(link, verdict, make("td", "", { role: "cell", class: "number" }));
  row.append(make("td", "", { role: "cell", class: "number" }));
  rows.append(row);
  run.rows.set(token, row);
  element("links").hidden = false;
  element("no-links").hidden = true;
}

function fillRow(row, { verdict, status, timeMs, finalUrl, reason }) {
  row.removeAttribute("aria-busy");
  row.dataset.verdict = verdict;
  const [link, , statusCell, timeCell] = row.cells;
  row.querySelector(".chip").textContent = verdict;
  statusCell.textContent = status ?? "–";
  timeCell.textContent = `${Math.round(timeMs)} ms`;
  if (verdict === "redirected") link.append(make("small", `→ ${shorten(finalUrl)}`));
  if (reason !== null && status === null) link.append(make("small", reason));
  showTally(verdict, Number(element(verdict).textContent) + 1);
}

function showReport(report) {
  const found = VERDICTS.map((verdict) => `${report[verdict]} ${verdict}`).join(", ");
  element("summary").textContent = `${plural(report.links.length, "link")} on ${report.url}: ${found}.`;
  const broken = report.links.filter((link) => link.verdict === "broken");
  element("broken-links").replaceChildren(...broken.map(({ url, reason }) => make("li", `${shorten(url)}: ${reason}`)));
  element("report").dataset.verdict = broken.length === 0 ? "ok" : "broken";
  element("notes").replaceChildren(...report.notes.map((note) => make("li", note)));
  element("report").hidden = false;
}

function addLog({ at, step, name, data }) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const line = make("li", "");
  line.append(make("time", `${((at - run.startedAt) / 1000).toFixed(2)} s`), make("i", step), make("b", name));
  line.append(make("span", describe(data)));
  log.append(line);
  if (log.childElementCount > MAX_LOG_LINES) log.firstElementChild.remove();
  log.hidden = false;
  element("no-log").hidden = true;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function describe(data) {
  return Object.entries(data ?? {}).map(([key, value]) => `${key}=${shorten(String(value))}`).join(" ");
}

/** A link within the page's own site is told by its path. */
function shorten(url) {
  return url.startsWith(`${run.origin}/`) ? url.slice(run.origin.length) : url;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** The URL in the field, with a scheme where it was left out; `null` after saying what is wrong with it. */
function readUrl() {
  const typed = input.value.trim();
  const text = typed === "" || /^[a-z][a-z\d+.-]*:/i.test(typed) && !/^[^/]*:\d+(?:\/|$)/.test(typed)
    ? typed
    : addScheme(typed);
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

/** The page's own host is asked as the page was; every other by `https:`. */
function addScheme(typed) {
  const own = `${location.protocol}//${typed}`;
  return URL.canParse(own) && new URL(own).host === location.host ? own : `https://${typed}`;
}

function objectionTo(text) {
  if (text === "") return "Enter the URL of a page, like https://example.com/";
  const noUrl = "This is no URL. Enter a whole one, like https://example.com/";
  if (!URL.canParse(text)) return noUrl;
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:") return "A URL to check begins with http:// or https://";
  // Chromium escapes what no host may hold, a space for one, where others find no URL.
  if (hostname.includes("%")) return noUrl;
  if (text.length > 2048) return "This URL is too long";
  return username === "" && password === "" ? "" : "Leave the user name and password out of the URL";
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
