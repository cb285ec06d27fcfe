import { element, make, shorten, tryingAgain } from "./dom.js";

const MAX_LINES = 500;
const log = element("log");

/** Takes all lines away. */
export function clearLog() {
  log.replaceChildren();
  log.hidden = true;
  element("no-log").hidden = false;
}

/** Adds a line for what a step says. */
export function addLog({ at, step, name, data }, run) {
  const words = Object.entries(data ?? {}).map(([key, value]) => `${key}=${shorten(String(value), run.origin)}`);
  addLine(at - run.startedAt, step, name, words.join(" "));
}

/** Adds a line for an attempt that failed and will be followed by another. */
export function addRetry({ at, step, error, delayMs }, url, run) {
  addLine(
    at - run.startedAt,
    step,
    "retry",
    `${shorten(url, run.origin)}: ${error.message}, ${tryingAgain(delayMs)}`,
  );
}

/** Adds a line for what becomes of the run as a whole. */
export function addNote({ at }, name, text, run) {
  addLine(at - run.startedAt, "run", name, text);
}

function addLine(ms, step, name, text) {
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const line = make("li", "");
  line.append(make("time", `${(ms / 1000).toFixed(2)} s`), make("i", step), make("b", name), make("span", text));
  log.append(line);
  if (log.childElementCount > MAX_LINES) log.firstElementChild.remove();
  log.hidden = false;
  element("no-log").hidden = true;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}
