import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand } from "../../tools/run_command.ts";
import { TemporaryFolder } from "../../tools/temporary_folder.ts";
import { runExample } from "./child_process.ts";
import { LocalServer } from "./local_server.ts";
import { type Frame, readFrames } from "./read_frames.ts";
import { ServerProcess } from "./server_process.ts";

Deno.test("server says what to open, serves it, and stops on SIGINT with its runs cancelled", async () => {
  await using folder = await TemporaryFolder.create();
  await using server = await ServerProcess.start(folder.path);
  const [, url = "", curl = ""] = /browser +(\S+)\n.*curl -N (\S+)/.exec(server.welcome) ?? [];
  const page = await (await fetch(url)).text();
  const response = await fetch(curl);

  const frames: Frame[] = [];
  for await (const frame of readFrames(response.body)) {
    if (frames.length === 0) server.kill("SIGINT");
    frames.push(frame);
  }
  const { code, stdout, stderr } = await server.outcome();

  assertStringIncludes(page, "<title>Link checker</title>");
  const end = frames.at(-1)?.event;
  assertEquals(end?.type === "run.end" && [end.status, end.error], [
    "cancelled",
    { name: "ShutdownError", message: "The server is shutting down" },
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Stopped.");
});

Deno.test("server answers only to its own names, so that no other name can be turned to this machine", async () => {
  await using folder = await TemporaryFolder.create();
  await using server = await ServerProcess.start(folder.path);
  const { port } = server;
  const url = `${server.origin}/`;
  const expected: readonly (readonly [header: string, status: string])[] = [
    [`Host: 127.0.0.1:${port}`, "200"],
    [`Host: localhost:${port}`, "200"],
    [`Host: LocalHost:${port}`, "200"],
    [`Host: rebound.example:${port}`, "403"],
    [`Host: localhost.rebound.example:${port}`, "403"],
    ["Host: localhost", "403"],
    ["Host: 127.0.0.1:1", "403"],
    ["Host:", "403"],
  ];

  const statuses: [header: string, status: string | undefined][] = [];
  for (const [header] of expected) {
    const { stdout } = await runCommand("curl", "-s", "--max-time", "20", "-w", "\n%{http_code}", "-H", header, url);
    statuses.push([header, stdout.split("\n").at(-1)]);
  }
  const check = await runCommand("curl", "-s", "--max-time", "20", "-H", "Host: rebound.example", `${url}check`);
  server.kill("SIGINT");
  const { code } = await server.outcome();

  assertEquals(statuses, expected.map((row) => [...row]));
  assertEquals(JSON.parse(check.stdout), {
    title: "Forbidden",
    status: 403,
    detail: `This server is for ${url} only`,
  });
  assertEquals(code, 0);
});

Deno.test("server says so if its port is taken", async () => {
  await using other = new LocalServer(() => new Response());
  const { port } = new URL(other.origin);

  const { code, stdout, stderr } = await runExample("server.ts", "--port", port, "--db", ":memory:");

  assertEquals([code, stdout, stderr], [1, "", `Port ${port} is taken. Choose another: PORT=8001 deno task start\n`]);
});

Deno.test("server exits with 2 and a message on bad usage", async () => {
  const { code, stderr } = await runExample("server.ts", "--port", "http");

  assertEquals([code, stderr], [2, "The port must be a number up to 65535: http\n"]);
});
