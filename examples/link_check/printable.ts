/** The text without what a terminal would obey: control characters, and marks that change the writing direction. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]+/gu, " ");
}
