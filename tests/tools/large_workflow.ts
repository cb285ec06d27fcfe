/** The source of a module that defines a typed workflow of many steps, no two payloads alike, and reads its results. */
export function largeWorkflow(root: string, stepCount: number): string {
  const indexes = Array.from({ length: stepCount }, (_, index) => index);
  const payloads = indexes.map((index) => `  step${index}: ${payloadType(index)};`);
  const steps = indexes.map((index) => step(index, (index + 1) % stepCount));
  return `import { decideTo, Workflow } from "${root}";

interface Steps {
${payloads.join("\n")}
}

const workflow = new Workflow<Steps, { seen: string[] }>()
${steps.join("\n")};

for await (const event of workflow.stream("step0", { id: 1, field0: "a" })) {
  if (event.type !== "step.result" || event.step !== "step7" || !event.result.ok) continue;
  event.payload satisfies ${payloadType(7)};
  event.result.value satisfies ${payloadType(8)};
}
const { context } = await workflow.run("step0", { id: 1, field0: "a" });
context["result.step${stepCount - 1}"] satisfies ${payloadType(0)} | null | undefined;
`;
}

function payloadType(index: number): string {
  return `{ id: number; field${index}: string }`;
}

function step(index: number, next: number): string {
  const decision = index % 2 === 0 ? `decideTo("step${next}")` : `(_ctx, result, enqueue) => {
      if (result.ok) enqueue.tail("step${next}", { id: result.value.id, field${next}: "b" });
    }`;
  return `  .add({
    name: "step${index}",
    action: (ctx, payload) => {
      ctx.seen.push(payload.field${index});
      return { id: payload.id, field${next}: "a" };
    },
    decision: ${decision},
  })`;
}
