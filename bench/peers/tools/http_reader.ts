/// <reference lib="deno.worker" />

/** What to read: a path on loopback, by so many clients at once. */
export interface ReadRequest {
  readonly port: number;
  readonly path: string;
  readonly clients: number;
}

/** How long it took, from the first connection to the end of the last body. */
export interface ReadReply {
  readonly ms: number;
  readonly bytes: number;
}

// A thread of its own and bare sockets, so that the clients cost the server nothing and themselves little.
if (typeof WorkerGlobalScope !== "undefined") {
  self.addEventListener(
    "message",
    async ({ data }: MessageEvent<ReadRequest>) => {
      const startedAt = performance.now();
      const sizes = await Promise.all(
        Array.from({ length: data.clients }, () => readAll(data)),
      );
      const reply: ReadReply = {
        ms: performance.now() - startedAt,
        bytes: sizes.reduce((sum, size) => sum + size, 0),
      };
      self.postMessage(reply);
    },
  );
}

async function readAll({ port, path }: ReadRequest): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(
    new TextEncoder().encode(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
    ),
  );
  const buffer = new Uint8Array(64 * 1_024);
  let bytes = 0;
  for (
    let count = await connection.read(buffer);
    count !== null;
    count = await connection.read(buffer)
  ) bytes += count;
  return bytes;
}
