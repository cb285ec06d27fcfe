type Handler = (request: Request) => Response | Promise<Response>;

/** What stands in front of a server and is broken for a while: it cuts every answer, and refuses what comes. */
export class Outage {
  readonly #cuts = new Set<() => void>();
  #isOn = false;
  #refusals = 0;
  #onRefusal: () => void = () => {};

  readonly inFrontOf = (app: Handler): Handler => async (request) => {
    if (this.#isOn) {
      this.#refusals += 1;
      this.#onRefusal();
      return new Response(null, { status: 503 });
    }
    const response = await app(request);
    if (response.body === null) return response;
    let cut = () => {};
    const cuttable = new TransformStream<Uint8Array, Uint8Array>({
      start: (controller) => {
        cut = () => controller.terminate();
      },
      flush: () => void this.#cuts.delete(cut),
    });
    this.#cuts.add(cut);
    return new Response(response.body.pipeThrough(cuttable), response);
  };

  begin(): void {
    this.#isOn = true;
    for (const cut of this.#cuts) cut();
    this.#cuts.clear();
  }

  end(): void {
    this.#isOn = false;
  }

  /** Settles when so many requests have been refused. */
  refused(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onRefusal = () => {
        if (this.#refusals >= count) resolve();
      };
      this.#onRefusal();
    });
  }
}
