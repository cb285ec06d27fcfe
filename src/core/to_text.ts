/** `String(value)`, also for a value whose own conversion throws. */
export function toText(value: unknown): string {
  try {
    return String(value);
  } catch {
    // An object without a prototype, or a `toString` that throws.
    return "[unreadable]";
  }
}
