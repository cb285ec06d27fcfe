/** A server on this machine whose answers break off in the middle of a chunked body, as by a lost connection. */
export class TornServer implements AsyncDisposable {
  readonly url: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #answer: (after: number) => { readonly body: Uint8Array; readonly isTorn: boolean };
  readonly #serving: Promise<void>;

  constructor(answer: (after: number) => { readonly body: Uint8Array; readonly isTorn: boolean }) {
    this.#answer = answer;
    this.url = `http://127.0.0.1:${this.#listener.addr.port}/runs/run-1/events`;
    this.#serving = this.#serve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      const buffer = new Uint8Array(4096);
      const length = await connection.read(buffer) ?? 0;
      const request = new TextDecoder().decode(buffer.subarray(0, length));
      const { body, isTorn } = this.#answer(Number(/[?&]after=(\d+)/.exec(request)?.[1] ?? 0));
      const writer = connection.writable.getWriter();
      const encoder = new TextEncoder();
      await writer.write(encoder.encode(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
      ));
      // The chunk is announced as longer than it is, if it is to be torn.
      await writer.write(encoder.encode(`${(body.length + (isTorn ? 1 : 0)).toString(16)}\r\n`));
      await writer.write(body);
      if (!isTorn) await writer.write(encoder.encode("\r\n0\r\n\r\n"));
      await writer.close();
    }
  }
}
