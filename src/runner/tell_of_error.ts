/** Tells of what goes wrong with nobody else to tell, if there is somebody to hear of it. */
export function tellOfError(
  onError: ((error: unknown, runId: string | null) => void) | undefined,
  error: unknown,
  runId: string | null,
): void {
  try {
    onError?.(error, runId);
  } catch {
    // Whoever is told of errors and throws one has nobody left to tell.
  }
}
