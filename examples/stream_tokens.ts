// Streams a text while it is being written: what a generator action yields comes as step.chunk events.
// Run it: deno run examples/stream_tokens.ts

import { Workflow } from "@stepstream/workflow";

const workflow = new Workflow().add({
  name: "answer",
  // Stands for a language model. An action can be any plain, async, generator or async generator function.
  action: async function* (_ctx, question: string) {
    const words = [`You asked: ${question}`, "The", "answer", "is", "42."];
    for (const word of words) {
      // The next word is not even asked for before a reader wants it.
      yield await Promise.resolve(`${word} `);
    }
    // What is returned, not what is yielded, is the step's value.
    return words.length;
  },
});

const encoder = new TextEncoder();
const print = (text: string) => Deno.stdout.writeSync(encoder.encode(text));

for await (const event of workflow.stream("answer", "What is six times seven?")) {
  if (event.type === "step.chunk") print(event.value);
  if (event.type === "step.result") print(`(${event.result.value} pieces)\n`);
}
