import { runCommand } from "./run_command.ts";

/** Bundles a module of the repository as a user's bundler would for a browser, minified, and answers the code. */
export async function bundle(entryPoint: string): Promise<string> {
  const path = new URL(entryPoint, new URL("../../", import.meta.url)).pathname;
  const { code, stdout, stderr } = await runCommand(
    "deno",
    "bundle",
    "--quiet",
    "--platform",
    "browser",
    "--minify",
    path,
  );
  if (code !== 0) throw new Error(`Cannot bundle ${entryPoint}: ${stderr}`);
  return stdout;
}

/** How many bytes a server sends for the text. */
export async function gzipSize(text: string): Promise<number> {
  const zipped = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(zipped).arrayBuffer()).byteLength;
}
