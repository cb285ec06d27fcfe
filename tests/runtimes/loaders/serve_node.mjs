// node serve_node.mjs <bundle>
// Serves the site with node:http until its input ends. It prints its address.

import { createServer } from "node:http";
import process from "node:process";
import { Readable } from "node:stream";

const { serveSite } = await import(process.argv[2]);

const server = createServer(async (incoming, outgoing) => {
  const controller = new AbortController();
  outgoing.on("close", () => controller.abort());
  const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD";
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers: incoming.headers,
    signal: controller.signal,
    ...(hasBody ? { body: Readable.toWeb(incoming), duplex: "half" } : {}),
  });
  const { status, headers, body } = await serveSite(request);
  outgoing.writeHead(status, Object.fromEntries(headers));
  if (body === null) return outgoing.end();
  const reader = body.getReader();
  outgoing.on("close", () => reader.cancel().catch(() => {}));
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      if (!outgoing.write(read.value)) await new Promise((resolve) => outgoing.once("drain", resolve));
    }
    outgoing.end();
  } catch {
    // The client has to see that the answer is not whole.
    outgoing.destroy();
  }
});

server.listen(0, "127.0.0.1", () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
process.stdin.resume().on("end", () => process.exit());
