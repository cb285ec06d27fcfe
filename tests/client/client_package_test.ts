import { assertEquals } from "@std/assert";
import { eventsFullOf } from "../sse/sample_events.ts";
import { bundle } from "../tools/bundle.ts";
import { findCommand } from "../tools/find_command.ts";
import { parseEvents } from "../tools/parse_event_stream.ts";
import { runCommand } from "../tools/run_command.ts";
import { findInSource } from "../tools/source_findings.ts";
import { TemporaryFolder } from "../tools/temporary_folder.ts";
import { EventServer, HELLO, messagesOf, openResponse, refusal, streamResponse } from "./event_server.ts";

const EVENTS = eventsFullOf("ü😀");

const FOLLOW = `
import { followRun } from "./client.mjs";

const [url] = process.argv.slice(2);
const events = [];
const states = [];
const onState = (state) => states.push(state);
for await (const event of followRun(url, { maxDelayMs: 1, onState })) events.push(event);
for await (const event of followRun(url + "?open")) break;
const refused = await followRun(url + "?refused").next().catch(({ name, status, title }) => ({ name, status, title }));
console.log(JSON.stringify({ events, states, refused }));
`;

Deno.test("the bundled client imports nothing", async () => {
  const code = await bundle("src/client/mod.ts");

  assertEquals(findInSource("client.js", code).imports, []);
});

Deno.test("the bundled client follows a run in Node 20 as it is, and leaves nothing open", async () => {
  const node = await findCommand("Node 20");
  if (node === null) return;
  await using folder = await TemporaryFolder.create();
  await folder.write("client.mjs", await bundle("src/client/mod.ts"));
  const script = await folder.write("follow.mjs", FOLLOW);
  const problem = JSON.stringify({ title: "Unknown run" });
  await using server = new EventServer(({ target, after }, index) => {
    if (target.endsWith("?open")) return openResponse(HELLO + messagesOf(EVENTS.slice(0, 1)));
    if (target.endsWith("?refused")) return refusal(404, { "content-type": "application/problem+json" }, problem);
    if (index === 0) return refusal(503);
    return streamResponse(HELLO + messagesOf(EVENTS.slice(0, index === 1 ? 3 : undefined), after));
  });

  const { code, stdout, stderr } = await runCommand(...node, script, server.url);

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  assertEquals(JSON.parse(stdout), {
    events: parseEvents(messagesOf(EVENTS)),
    states: ["connecting", "reconnecting", "connecting", "open", "reconnecting", "connecting", "open", "done"],
    refused: { name: "FollowError", status: 404, title: "Unknown run" },
  });
});
