import { systemClock, Workflow } from "@stepstream/workflow";
import { assertEquals } from "@std/assert";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

const LINES = "timestamp=2024-01-01T10:00:00.000Z step=greet event=start\n" +
  'timestamp=2024-01-01T10:00:00.000Z step=greet payload="Ada" result="Hello, Ada" error=null\n';

const clock = { ...systemClock, now: () => Date.UTC(2024, 0, 1, 10) };

const workflow = new Workflow().add({
  name: "greet",
  action: (_ctx, name, log) => {
    log.event("start");
    return `Hello, ${name}`;
  },
});

Deno.test("loggerSink can be a string that grows", async () => {
  let text = "";

  await workflow.run("greet", "Ada", { loggerSink: { write: (line) => text += line }, clock });

  assertEquals(text, LINES);
});

Deno.test("loggerSink can be a file", async () => {
  await using folder = await TemporaryFolder.create();
  const path = await folder.write("run.log", "");
  using file = await Deno.open(path, { write: true });
  const encoder = new TextEncoder();

  await workflow.run("greet", "Ada", { loggerSink: { write: (line) => file.writeSync(encoder.encode(line)) }, clock });

  assertEquals(await Deno.readTextFile(path), LINES);
});

Deno.test("loggerSink can be the writer of a stream, whose write is asynchronous", async () => {
  const { readable, writable } = new TextEncoderStream();
  const writer = writable.getWriter();
  const read = new Response(readable).text();

  await workflow.run("greet", "Ada", { loggerSink: writer, clock });

  await writer.close();
  assertEquals(await read, LINES);
});

Deno.test("loggerSink can be stdout", async () => {
  const script = `
    import { systemClock, Workflow } from "@stepstream/workflow";

    const encoder = new TextEncoder();
    const loggerSink = { write: (line: string) => Deno.stdout.writeSync(encoder.encode(line)) };
    const clock = { ...systemClock, now: () => Date.UTC(2024, 0, 1, 10) };

    await new Workflow()
      .add({ name: "greet", action: (_ctx, name, log) => (log.event("start"), \`Hello, \${name}\`) })
      .run("greet", "Ada", { loggerSink, clock });
  `;

  assertEquals(await runScript(script), { code: 0, stdout: LINES, stderr: "" });
});

Deno.test("a run without a logger writes nothing to stdout or stderr", async () => {
  const script = `
    import { Workflow } from "@stepstream/workflow";

    await new Workflow()
      .add({ name: "greet", action: (_ctx, _name, log) => log.event("start", { to: "nobody" }) })
      .run("greet", "Ada");
  `;

  assertEquals(await runScript(script), { code: 0, stdout: "", stderr: "" });
});

/** Runs TypeScript in a process of its own, with no permissions. */
async function runScript(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const root = new URL("../../", import.meta.url);
  const command = new Deno.Command("deno", {
    args: ["run", "--quiet", "--ext=ts", "-"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: toText(stdout), stderr: toText(stderr) };
}

function toText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
