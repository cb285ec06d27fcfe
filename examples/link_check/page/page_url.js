/// <reference lib="dom" />

/** What was typed, with a scheme where it was left out. */
export function complete(typed) {
  const text = typed.trim();
  const hasScheme = /^[a-z][a-z\d+.-]*:/i.test(text) && !/^[^/]*:\d+(?:\/|$)/.test(text);
  return text === "" || hasScheme ? text : addScheme(text);
}

/** What is wrong with a URL to check, in words for who typed it; nothing if it is fine. */
export function objectionTo(text) {
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

/** The page's own host is asked as the page was; every other by `https:`. */
function addScheme(typed) {
  const own = `${location.protocol}//${typed}`;
  return URL.canParse(own) && new URL(own).host === location.host ? own : `https://${typed}`;
}
