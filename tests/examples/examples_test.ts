import { assertEquals, assertMatch } from "@std/assert";
import { TemporaryFolder } from "../tools/temporary_folder.ts";

const ROOT = new URL("../../", import.meta.url);

/** What each example prints, line by line. */
const OUTPUTS: Readonly<Record<string, readonly string[]>> = {
  "cancel_a_run.ts": [
    "run.start",
    "step.start",
    "step.log",
    "upload stops",
    "run.end: cancelled",
    "No result, because the user changed their mind",
  ],
  "choose_the_next_step.ts": [
    "by post, 2 kg",
    "2 weigh > post > label",
    "by truck, 40 kg",
    "40 weigh > freight > label",
    "5000 weigh > freight",
    "0 weigh failed",
  ],
  "custom_executor.ts": [
    "pack runs",
    "ship of a lamp in a box was left out",
  ],
  "custom_json_logger.ts": [
    '{"step":"fetch","event":"start","data":{"batch":"B-1"}}',
    '{"step":"fetch","payload":"B-1","value":["A","B"]}',
    '{"step":"store","payload":["A","B"],"error":"Error: the disk is full"}',
  ],
  "fan_out_at_once.ts": [
    "tries again: Error: the service is busy",
    "5 €, 4 €, Error: no such fruit: unicorn",
  ],
  "fan_out_then_merge.ts": [
    "now!, ships, sail, slowly",
    "19 letters in 4 words",
  ],
  "hello.ts": [
    "1 run.start",
    "2 step.start",
    "3 step.result",
    "4 step.start",
    "5 step.result",
    "6 run.end",
    "HELLO, GRACE!",
  ],
  "log_events.ts": [
    'timestamp=… step=fetch event=start payload={"batch":"B-1"}',
    "timestamp=… step=fetch event=enqueue size=2",
    'timestamp=… step=fetch payload={"batch":"B-1"} result=[1,2] error=null',
    "timestamp=… step=process event=processing item=1",
    "timestamp=… step=process payload=1 result=10 error=null",
    "timestamp=… step=process event=processing item=2",
    "timestamp=… step=process payload=2 result=20 error=null",
  ],
  "log_to_stdout_and_file.ts": [
    'timestamp=… step=fetch event=start batch="B-1"',
    'timestamp=… step=fetch payload="B-1" result={"items":2} error=null',
    'timestamp=… step=ship payload={"items":2} result="2 shipped" error=null',
  ],
  "retry_by_decision.ts": [
    "Got map.png, 12 kB",
    "download Error: the server is busy",
    "download Error: the server is busy",
    "download ok",
    "report ok",
  ],
  "stream_tokens.ts": [
    "You asked: What is six times seven? The answer is 42. (5 pieces)",
  ],
  "workflow_as_step.ts": [
    'wash > trim "ADA"',
    'wash > lower "ada"',
    'wash "ada"',
    'greet "Hello, ada!"',
  ],
};

/** What each example leaves behind where it was run. */
const FILES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "log_to_stdout_and_file.ts": {
    "orders.log": [
      '{"timestamp":"…","step":"fetch","event":"start","data":{"batch":"B-1"}}',
      '{"timestamp":"…","step":"fetch","payload":"B-1","result":{"items":2},"error":null}',
      '{"timestamp":"…","step":"ship","payload":{"items":2},"result":"2 shipped","error":null}',
    ],
  },
};

Deno.test("every small example is run by a test", async () => {
  const entries = await Array.fromAsync(Deno.readDir(new URL("examples/", ROOT)));

  const names = entries.filter(({ isFile, name }) => isFile && name.endsWith(".ts")).map(({ name }) => name);
  assertEquals(names.toSorted(), Object.keys(OUTPUTS));
});

for (const [name, lines] of Object.entries(OUTPUTS)) {
  Deno.test(`examples/${name} says what it shows, how to run it, and is short`, async () => {
    const source = (await Deno.readTextFile(new URL(`examples/${name}`, ROOT))).split("\n");

    assertMatch(source[0] ?? "", /^\/\/ [A-Z].*\.$/);
    assertEquals(commandOf(source)?.at(-1), `examples/${name}`);
    assertEquals(source.length < 60, true, `${source.length} lines`);
  });

  Deno.test(`examples/${name} does what it says, with just the permissions it names`, async () => {
    await using folder = await TemporaryFolder.create();

    const printed = await runExample(name, folder.path);

    assertEquals(printed, { code: 0, stdout: lines, stderr: [] });
    assertEquals(await readFiles(folder.path), FILES[name] ?? {});
  });
}

/** Runs an example in a folder of its own, by the command in its header. */
async function runExample(name: string, folder: string): Promise<unknown> {
  const path = new URL(`examples/${name}`, ROOT);
  const command = commandOf((await Deno.readTextFile(path)).split("\n")) ?? [];
  const { code, stdout, stderr } = await new Deno.Command("deno", {
    args: [...command.slice(1, -1), path.href],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stdout: toLines(stdout), stderr: toLines(stderr) };
}

/** The words of the command that an example's second line gives. */
function commandOf(source: readonly string[]): string[] | undefined {
  return source[1]?.match(/^\/\/ Run it: (deno run .+)$/)?.[1]?.split(" ");
}

async function readFiles(folder: string): Promise<Record<string, readonly string[]>> {
  const files: Record<string, readonly string[]> = {};
  for await (const { name } of Deno.readDir(folder)) files[name] = toLines(await Deno.readFile(`${folder}/${name}`));
  return files;
}

/** The lines of a text, with its times, which differ from run to run, left out. */
function toLines(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  return text.replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "…").split("\n").slice(0, -1);
}
