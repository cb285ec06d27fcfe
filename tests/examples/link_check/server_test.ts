import { assertEquals, assertStringIncludes } from "@std/assert";
import { readUntil, runExample, startExample } from "./child_process.ts";
import { LocalServer } from "./local_server.ts";
import { type Frame, readFrames } from "./read_frames.ts";

Deno.test("server says what to open, serves it, and stops on SIGINT with its runs cancelled", async () => {
  await using child = startExample("server.ts", "--port", "0");
  const welcome = await readUntil(child.stdout, "Ctrl-C");
  const [, url = "", curl = ""] = /browser +(\S+)\n.*curl -N (\S+)/.exec(welcome) ?? [];
  const page = await (await fetch(url)).text();
  const response = await fetch(curl);

  const frames: Frame[] = [];
  for await (const frame of readFrames(response.body)) {
    if (frames.length === 0) child.kill("SIGINT");
    frames.push(frame);
  }
  const { code, stdout, stderr } = await child.output();

  assertStringIncludes(page, "<title>Link checker</title>");
  const end = frames.at(-1)?.event;
  assertEquals(end?.type === "run.end" && [end.status, end.error], [
    "cancelled",
    { name: "ShutdownError", message: "The server is shutting down" },
  ]);
  const decoder = new TextDecoder();
  assertEquals([code, decoder.decode(stderr)], [0, ""]);
  assertStringIncludes(decoder.decode(stdout), "Stopped.");
});

Deno.test("server says so if its port is taken", async () => {
  await using other = new LocalServer(() => new Response());
  const { port } = new URL(other.origin);

  const { code, stdout, stderr } = await runExample("server.ts", "--port", port);

  assertEquals([code, stdout, stderr], [1, "", `Port ${port} is taken. Choose another: PORT=8001 deno task start\n`]);
});

Deno.test("server exits with 2 and a message on bad usage", async () => {
  const { code, stderr } = await runExample("server.ts", "--port", "http");

  assertEquals([code, stderr], [2, "The port must be a number up to 65535: http\n"]);
});
