/**
 * The text as one that a database sorts by bytes just as JavaScript sorts the first by code units: in UTF-8 an emoji
 * comes after U+FFFF, by code units before U+E000. Most texts stay what they are. There is neither a NUL in it nor a
 * lone surrogate, which would not come out as they went in.
 */
export function toOrderedText(text: string): string {
  if (!SPECIAL.test(text)) return text;
  let ordered = "";
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit <= ESCAPE) ordered += String.fromCharCode(ESCAPE, unit + 1);
    else if (unit < FIRST_SURROGATE) ordered += text[index];
    else if (unit < AFTER_SURROGATES) ordered += String.fromCharCode(unit + SURROGATES);
    else ordered += String.fromCodePoint(unit - AFTER_SURROGATES + FIRST_ASTRAL);
  }
  return ordered;
}

/** The text that {@linkcode toOrderedText} was given. */
export function fromOrderedText(ordered: string): string {
  if (!SPECIAL.test(ordered)) return ordered;
  let text = "";
  let isEscaped = false;
  for (const character of ordered) {
    const point = character.codePointAt(0) ?? 0;
    if (isEscaped) text += String.fromCharCode(point - 1);
    else if (point >= FIRST_ASTRAL) text += String.fromCharCode(point - FIRST_ASTRAL + AFTER_SURROGATES);
    else if (point >= AFTER_SURROGATES) text += String.fromCharCode(point - SURROGATES);
    else if (point !== ESCAPE) text += character;
    isEscaped = !isEscaped && point === ESCAPE;
  }
  return text;
}

// NUL, the escape that stands before it, and all from the surrogates on.
// deno-lint-ignore no-control-regex
const SPECIAL = /[\0\u0001\uD800-\uFFFF]/;
const ESCAPE = 1;
const FIRST_SURROGATE = 0xD800;
const AFTER_SURROGATES = 0xE000;
const SURROGATES = AFTER_SURROGATES - FIRST_SURROGATE;
const FIRST_ASTRAL = 0x10000;
