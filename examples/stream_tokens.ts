// Streams a text while it is being written: what a generator action yields comes as step.chunk events.
// Run it: deno run examples/stream_tokens.ts

import { Workflow } from "@stepstream/workflow";

const workflow = new Workflow().add({
  name: "answer",
  // Stands in for a language model. An action can be a plain, async, generator or async generator function.
  action: async function* (_ctx, question: string) {
    const words = [`You asked: ${question}`, "The", "answer", "is", "42."];
    for (const word of words) {
      // The next word is not even computed before a reader asks for it.
      yield await Promise.resolve(`${word} `);
    }
    // The step's value is what is returned, not what is yielded.
    return words.length;
  },
});

const encoder = new TextEncoder();
const print = (text: string) => Deno.stdout.writeSync(encoder.encode(text));

for await (const event of workflow.stream("answer", "What is six times seven?")) {
  if (event.type === "step.chunk") print(event.value);
  if (event.type === "step.result") print(`(${event.result.value} pieces)\n`);
}
