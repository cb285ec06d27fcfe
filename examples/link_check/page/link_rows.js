import { element, make, shorten, tryingAgain } from "./dom.js";

const rows = element("rows");

/** Takes all rows away. */
export function clearRows() {
  rows.replaceChildren();
  element("links").hidden = true;
  element("no-links").hidden = false;
}

/** Adds a row for a link that is at work. */
export function addRow({ url, text }, origin) {
  const row = make("tr", "", { role: "row" });
  const link = make("td", "", { role: "cell" });
  link.append(make("a", shorten(url, origin), { href: url, target: "_blank", rel: "noreferrer nofollow" }));
  if (text !== "") link.append(make("small", text));
  link.append(make("small", "", { class: "note" }));
  const verdict = make("td", "", { role: "cell" });
  verdict.append(make("span", "", { class: "chip" }));
  row.append(link, verdict, make("td", "", { role: "cell", class: "number" }));
  row.append(make("td", "", { role: "cell", class: "number" }));
  rows.append(row);
  element("links").hidden = false;
  element("no-links").hidden = true;
  return row;
}

/** The link is at work. */
export function showChecking(row, attempt) {
  row.setAttribute("aria-busy", "true");
  row.dataset.state = "checking";
  tell(row, attempt === 1 ? "checking" : "checking again");
}

/** Nobody works on the run for now: what was at work waits for its next start. */
export function pauseRows() {
  for (const row of rows.querySelectorAll('[data-state="checking"]')) {
    row.dataset.state = "waiting";
    tell(row, "waiting");
  }
}

/** The attempt failed, and there will be another. */
export function showRetry(row, { error, delayMs }) {
  row.dataset.state = "retrying";
  tell(row, tryingAgain(delayMs), error.message);
}

/** The check failed at every attempt. The report will tell the rest. */
export function showFailure(row, { message }) {
  showVerdict(row, "broken", message);
}

/** The link is checked. */
export function showChecked(row, { verdict, status, timeMs, finalUrl, reason }, origin) {
  const note = verdict === "redirected" ? `→ ${shorten(finalUrl, origin)}` : status === null ? reason : "";
  showVerdict(row, verdict, note);
  const [, , statusCell, timeCell] = row.cells;
  statusCell.textContent = status ?? "–";
  timeCell.textContent = `${Math.round(timeMs)} ms`;
}

/** The run is over: what is still at work will not be checked. */
export function stopRows() {
  for (const row of rows.querySelectorAll("[aria-busy]")) {
    settle(row);
    tell(row, "not checked");
  }
}

function showVerdict(row, verdict, note) {
  settle(row);
  row.dataset.verdict = verdict;
  tell(row, verdict, note);
}

function settle(row) {
  row.removeAttribute("aria-busy");
  delete row.dataset.state;
}

function tell(row, word, note = "") {
  row.querySelector(".chip").textContent = word;
  row.querySelector(".note").textContent = note;
}
