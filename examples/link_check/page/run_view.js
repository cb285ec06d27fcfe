import { element, make, plural, shorten } from "./dom.js";

const VERDICTS = ["ok", "redirected", "slow", "broken"];

/** Back to how the page looks before a run. */
export function clearRun() {
  element("report").hidden = true;
  element("count").textContent = "";
  element("progress").value = 0;
  for (const verdict of VERDICTS) showTally(verdict, 0);
  for (const step of document.querySelectorAll("#steps li")) showStep(step.dataset.step, "waiting", "waiting");
}

/** Shows what the run as a whole is at. */
export function showState(state, text) {
  const isBusy = ["connecting", "running", "reconnecting", "suspended"].includes(state);
  document.body.dataset.state = state;
  element("state").textContent = text;
  element("stop").disabled = !isBusy;
  element("start").textContent = isBusy ? "Start again" : "Check links";
}

/** Shows what a step is at. */
export function showStep(step, state, text = state) {
  const item = document.querySelector(`#steps [data-step="${step}"]`);
  item.dataset.state = state;
  item.querySelector("span").textContent = text;
}

/** The run is over, perhaps before its steps are: what is at work ends so, and what waits will not be run. */
export function stopSteps(state) {
  for (const step of document.querySelectorAll('#steps [data-state="running"]')) showStep(step.dataset.step, state);
  for (const step of document.querySelectorAll('#steps [data-state="waiting"]')) showStep(step.dataset.step, "not run");
}

/** Shows how many links are checked, and how many at work at once. */
export function showCount({ checked, total, links }) {
  const isDone = checked === total;
  const count = `${checked} of ${total}`;
  showStep("check-link", isDone ? "done" : "running", isDone ? count : `${count}, ${links.size - checked} at work`);
  element("count").textContent = `${checked} of ${plural(total, "link")}`;
  element("progress").max = total + 1;
  element("progress").value = checked;
}

/** Counts one more link of this verdict. */
export function addToTally(verdict) {
  showTally(verdict, Number(element(verdict).textContent) + 1);
}

/** Shows what the run came to. */
export function showReport(report, origin) {
  const found = VERDICTS.map((verdict) => `${report[verdict]} ${verdict}`).join(", ");
  element("summary").textContent = `${plural(report.links.length, "link")} on ${report.url}: ${found}.`;
  const broken = report.links.filter((link) => link.verdict === "broken");
  const lines = broken.map(({ url, reason }) => make("li", `${shorten(url, origin)}: ${reason}`));
  element("broken-links").replaceChildren(...lines);
  element("report").dataset.verdict = broken.length === 0 ? "ok" : "broken";
  element("notes").replaceChildren(...report.notes.map((note) => make("li", note)));
  element("report").hidden = false;
  element("progress").value = element("progress").max;
}

function showTally(verdict, count) {
  const number = element(verdict);
  number.textContent = String(count);
  number.classList.toggle("zero", count === 0);
}
