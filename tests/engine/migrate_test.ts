import { type Any, MemoryStore, Workflow } from "@stepstream/workflow";
import { assertEquals, assertRejects } from "@std/assert";
import { headOf } from "../tools/stored_run.ts";

/** A run of version 1 that was left while two items of a group wait for their step "old". */
async function leftRun(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const workflow = new Workflow<Any, Any>({ name: "w" }).add(
    { name: "split", action: () => 2, decision: (_ctx, _r, enqueue) => enqueue.all("old", [1, 2], { then: "sum" }) },
    { name: "old", action: (_ctx, item) => item },
    { name: "sum", action: () => 0 },
  );
  for await (const { type } of workflow.stream("split", 1, { store, runId: "r1" })) if (type === "step.result") break;
  return store;
}

const next = new Workflow<Any, Any>({ name: "w", version: "2" }).add(
  { name: "new", action: (_ctx, item) => item * 10 },
  { name: "extra", action: (ctx, payload) => void (ctx.extra = payload) },
  { name: "total", action: (_ctx, results) => results.map(({ value }: Any) => value) },
);

/** To the steps of the next version. */
const renamed = ({ tokens, groups }: Any) => ({
  tokens: tokens.map((token: Any) => ({ ...token, step: "new" })),
  groups: groups.map(({ id }: Any) => ({ id, then: "total" })),
});

Deno.test("migrate may rename steps, also where groups lead, and add tokens", async () => {
  const store = await leftRun();
  const migrate = (state: Any) => {
    const { tokens, groups } = renamed(state);
    return { groups, context: { since: 2 }, tokens: [...tokens, { step: "extra", payload: "more" }] };
  };

  const { context } = await next.resume("r1", { store, migrate }).result;

  const results = { "result.new": 20, "result.total": [10, 20], "result.extra": undefined };
  assertEquals(context, { since: 2, extra: "more", ...results });
});

const RETRIES: readonly (readonly [what: string, next: string, attempts: readonly number[]])[] = [
  ["goes on with the attempts at a step that stays", "old", [1, 2]],
  ["begins anew with the attempts at a step that was renamed", "new", [1, 1]],
];

for (const [what, step, expected] of RETRIES) {
  Deno.test(`migrate ${what}`, async () => {
    const store = new MemoryStore();
    const attempts: number[] = [];
    const create = (version: string, name: string) =>
      new Workflow<Any, Any>({ name: "w", version }).add({
        name,
        action: (_ctx, _payload, _log, { attempt }) => {
          attempts.push(attempt);
          if (attempts.length === 1) throw new Error("not yet");
        },
        retry: { maxAttempts: 2, delayMs: 0 },
      });
    for await (const { type } of create("1", "old").stream("old", 1, { store, runId: "r1" })) {
      if (type === "step.retry") break;
    }
    const migrate = ({ tokens }: Any) => ({ tokens: tokens.map((token: Any) => ({ ...token, step })) });

    await create("2", step).resume("r1", { store, migrate }).result;

    assertEquals(attempts, expected);
  });
}

const REFUSED: readonly (readonly [what: string, migrate: (state: Any) => unknown, because: string])[] = [
  ["nothing", () => undefined, "migrate must answer an object"],
  ["a promise", (state) => Promise.resolve(renamed(state)), "migrate must answer an object"],
  ["a part that there is not", (state) => ({ token: state.tokens }), "migrate may change tokens, groups, context"],
  ["tokens that are no list", () => ({ tokens: {} }), "tokens must be an array"],
  ["a token without a step", () => ({ tokens: [{ payload: 1 }] }), "every token must have the name of a step"],
  ["two tokens of one id", ({ tokens: [one] }) => ({ tokens: [one, one] }), "a token's id must be a number of its own"],
  ["an id that is none", ({ tokens: [one] }) => ({ tokens: [{ ...one, id: "1" }] }), "a token's id must be a number"],
  [
    "a group without one of its tokens",
    ({ tokens: [one] }) => ({ tokens: [one] }),
    "is of a group, which waits for it",
  ],
  ["a group that there is not", () => ({ groups: [{ id: 9, then: "total" }] }), "groups must be an array of those"],
  ["a context that is a list", () => ({ context: [] }), "the context must be an object"],
  ["a context that is no JSON", () => ({ context: { n: 1n } }), "as JSON"],
];

for (const [what, migrate, because] of REFUSED) {
  Deno.test(`migrate that answers ${what} is refused, and the run is left as it was`, async () => {
    const store = await leftRun();
    const before = await headOf(store, "r1");

    const stream = next.resume("r1", { store, migrate: migrate as Any });

    await assertRejects(() => stream.next(), Error, because);
    assertEquals(await headOf(store, "r1"), before);
  });
}
