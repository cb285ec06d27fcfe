// One step fans out into many, urgent ones first, and a last step merges what they found.
// Run it: deno run examples/fan_out_then_merge.ts
// deno-lint-ignore-file no-console

import { Workflow } from "@stepstream/workflow";

interface Steps {
  split: string;
  measure: string;
  merge: number;
}

interface Context {
  lengths: Record<string, number>;
}

const workflow = new Workflow<Steps, Context>()
  .add({
    name: "split",
    action: (_ctx, sentence) => sentence.split(" "),
    decision: (_ctx, result, enqueue) => {
      if (!result.ok) return;
      for (const word of result.value) {
        // A token at the head is taken next; one at the tail waits its turn.
        if (word.endsWith("!")) enqueue.head("measure", word);
        else enqueue.tail("measure", word);
      }
      // Last in the queue, so it is taken when every word has been measured.
      enqueue.tail("merge", result.value.length);
    },
  })
  .add({
    name: "measure",
    action: (ctx, word) => {
      ctx.lengths[word] = word.length;
    },
  })
  .add({
    name: "merge",
    action: (ctx, count) => {
      const letters = Object.values(ctx.lengths).reduce((sum, length) => sum + length, 0);
      return `${letters} letters in ${count} words`;
    },
  });

const { context } = await workflow.run("split", "ships sail now! slowly", { context: { lengths: {} } });

console.log(Object.keys(context.lengths).join(", "));
console.log(context["result.merge"]);
