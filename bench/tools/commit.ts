/** What git calls the commit that is measured, and whether the code is another by now. */
export async function describeCommit(): Promise<string> {
  // What a bench has written is a change, too, but not one of the code.
  const changes = await git("status", "--porcelain", "--", ":/", ":!/*.md", ":!/bench/*.md");
  return toCommit(await git("rev-parse", "--short", "HEAD"), changes);
}

/** The commit in words, of what git answered: `null` where it could not. */
export function toCommit(hash: string | null, changes: string | null): string {
  if (hash === null || changes === null) return "an unknown commit";
  return changes === "" ? `commit ${hash}` : `commit ${hash} with changes that are not in it`;
}

async function git(...args: readonly string[]): Promise<string | null> {
  try {
    const { success, stdout } = await new Deno.Command("git", {
      args: [...args],
      cwd: new URL(".", import.meta.url),
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout).trim() : null;
  } catch (error) {
    // Somebody may have the code without git.
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
