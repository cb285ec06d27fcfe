import { Workflow } from "@stepstream/workflow";
import * as v from "valibot";

/** The server of the test, as a Worker reaches it. */
export interface Probe {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

/** Counts from a number to another, with something to wait for at each. */
export interface Count {
  readonly at: number;
  readonly to: number;
  readonly by: "nothing" | "timer" | "probe";
}

/** So many steps a run may do: more than it can before a test has done what it wants to. */
export const MAX_STEPS = 1_000_000;

/** The workflows of the worker that tests ask. */
export function createWorkflows(probe: Probe): readonly Workflow[] {
  const count = new Workflow<{ count: Count }>({ name: "count" }).add({
    name: "count",
    action: async (_ctx, { at, to, by }, _log, { token }): Promise<Count | null> => {
      if (by === "timer") await new Promise((resolve) => setTimeout(resolve, 2));
      if (by === "probe") await probe.fetch(`http://probe.invalid/count/${token}`);
      return at === to ? null : { at: at + 1, to, by };
    },
    decision: (_ctx, { value }, enqueue) => {
      if (value !== null) enqueue.tail("count", value);
    },
  });
  // Its action is at work until the test's server lets it go, or it is aborted, which it tells the server.
  const gate = new Workflow<{ gate: string }>({ name: "gate" }).add({
    name: "gate",
    action: async (_ctx, name, log, { signal }) => {
      signal.addEventListener("abort", () => void probe.fetch(`http://probe.invalid/aborted/${name}`));
      log.event("at the gate");
      await (await probe.fetch(`http://probe.invalid/gate/${name}`, { signal })).text();
      return name;
    },
  });
  const large = new Workflow<{ make: number; tell: string }>({ name: "large" }).add(
    {
      name: "make",
      action: (ctx, length) => {
        ctx.kept = "é".repeat(length);
        return "😀".repeat(length / 2);
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("tell"),
    },
    { name: "tell", action: (ctx, text) => [text.length, ctx.kept.length] },
  );
  const retry = new Workflow<{ retry: number }>({ name: "retry" }).add({
    name: "retry",
    retry: { maxAttempts: 2 },
    action: (_ctx, retryAfterMs, _log, { attempt }) => {
      const error = new Error("not yet", { cause: new Error("too early") });
      if (attempt === 1) throw Object.assign(error, { retryAfterMs });
      return attempt;
    },
  });
  const strict = new Workflow<{ strict: string }>({ name: "strict" }).add({
    name: "strict",
    input: v.pipeAsync(v.string(), v.checkAsync((text) => Promise.resolve(text !== "bad"), "it is bad")),
    action: (_ctx, text) => text,
  });
  return [count, gate, large, retry, strict];
}
