/** Reads a body chunk by chunk, as text. */
export class ChunkReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor({ body }: { readonly body: ReadableStream<Uint8Array> | null }) {
    if (body === null) throw new TypeError("Cannot read the response: it has no body");
    this.#reader = body.getReader();
  }

  /** The next chunk, `null` at the end. */
  async read(): Promise<string | null> {
    const { value, done } = await this.#reader.read();
    return done ? null : this.#decoder.decode(value, { stream: true });
  }

  /** All chunks to the end. */
  async readAll(): Promise<string[]> {
    const chunks: string[] = [];
    for (let chunk = await this.read(); chunk !== null; chunk = await this.read()) chunks.push(chunk);
    return chunks;
  }

  /** The chunks up to the one that holds `expected`, as one text. */
  async readUntil(expected: string): Promise<string> {
    let text = "";
    while (!text.includes(expected)) {
      const chunk = await this.read();
      if (chunk === null) throw new Error(`The body ended without ${expected}: ${JSON.stringify(text)}`);
      text += chunk;
    }
    return text;
  }

  /** Leaves, as a client does that goes away. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
