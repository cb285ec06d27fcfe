import { assertEquals } from "@std/assert";
import { ObjectEvents } from "../../src/hosts/durable_object/object_events.ts";
import { laterTurn } from "../tools/events.ts";

Deno.test("ObjectEvents cancels a stream that comes after its reader has left", async () => {
  const answer = Promise.withResolvers<ReadableStream<Uint8Array>>();
  let isCancelled = false;
  const cancel = () => {
    isCancelled = true;
  };
  const events = new ObjectEvents(() => answer.promise);

  const read = events.next();
  // It has asked for the stream by then.
  await laterTurn();
  await events.return();
  answer.resolve(new ReadableStream({ cancel }));
  await laterTurn();

  assertEquals([(await read).done, isCancelled], [true, true]);
});
