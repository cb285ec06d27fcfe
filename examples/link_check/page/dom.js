/// <reference lib="dom" />

/** The element of this id. */
export function element(id) {
  return document.getElementById(id);
}

/** A new element. Everything from the checked page becomes text, never HTML. */
export function make(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A URL as it is shown: one within the page's own site by its path. */
export function shorten(url, origin) {
  return url.startsWith(`${origin}/`) ? url.slice(origin.length) : url;
}

/** A count with its noun. */
export function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** How long it is until the next attempt, in words. */
export function tryingAgain(delayMs) {
  const seconds = Math.round(delayMs / 100) / 10;
  return seconds === 0 ? "trying again at once" : `trying again in ${seconds} s`;
}
