const MAX_URL_LENGTH = 2_048;

/** What is wrong with a URL that somebody asks to check, in words for them; `null` if nothing is. */
export function objectionTo(url: string): string | null {
  if (url.length > MAX_URL_LENGTH) return `it is longer than ${MAX_URL_LENGTH} characters`;
  if (!URL.canParse(url)) return "it is no URL: give a whole one, like https://example.com/";
  const { protocol, username, password } = new URL(url);
  if (protocol !== "http:" && protocol !== "https:") return "a URL to check begins with http:// or https://";
  return username === "" && password === "" ? null : "it must not hold credentials";
}
