/**
 * The media type that the client likes best of those offered; of equals the first. `null` if it takes none of them.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1}
 */
export function negotiate<Type extends string>(accept: string | null, offered: readonly Type[]): Type | null {
  if (accept === null || accept.trim() === "") return offered[0] ?? null;
  const ranges = accept.split(",").map(parseRange);
  let best: Type | null = null;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality <= bestQuality) continue;
    best = type;
    bestQuality = quality;
  }
  return best;
}

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  if (weight === undefined) return { type, quality: 1 };
  return { type, quality: /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0 };
}

/** The weight of the most specific range that the type is in, 0 if it is in none. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  for (const name of [type, `${type.slice(0, type.indexOf("/"))}/*`, "*/*"]) {
    const range = ranges.find((range) => range.type === name);
    if (range !== undefined) return range.quality;
  }
  return 0;
}
