/**
 * The UTF-16 code units of a text, two bytes each, the high one first: such bytes compare as `<` compares strings, which
 * UTF-8 does not beyond U+FFFF.
 */
export function toCodeUnitBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    bytes[index * 2] = unit >> 8;
    bytes[index * 2 + 1] = unit & 0xff;
  }
  return bytes;
}
