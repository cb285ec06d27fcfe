/** The whole lines of a process's output or input. */
export async function* readLines(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    // A line that was cut off by a kill was never printed as a whole.
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
