/**
 * A server on a free port of this machine, for as long as it is in scope. Leaving the scope cuts what is still open.
 */
export class LocalServer implements AsyncDisposable {
  readonly origin: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #controller = new AbortController();

  constructor(handler: (request: Request) => Response | Promise<Response>) {
    const { signal } = this.#controller;
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", signal, onListen: () => {} }, handler);
    this.origin = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#server.finished;
  }
}
