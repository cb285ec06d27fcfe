import { type Result, Workflow } from "@stepstream/workflow";

interface Payloads {
  chain: number;
  note: number;
  audit: number;
  item: number;
  collect: Result<number>[];
  tail: number;
}

export interface Context {
  chained: number;
  noted: number[];
  audited: number[];
  [item: `item.${number}`]: number;
  failed: number;
}

const CHAIN = 60;
const ITEMS = 47;
const TAIL = 20;

/** What a run of {@linkcode crashWorkflow} has done when it is over. */
export const CRASH_STEPS = CHAIN + CHAIN / 5 + CHAIN + ITEMS + 1 + TAIL;

/** Hears of each attempt before its action does anything. */
export type OnAttempt = (idempotencyKey: string, attempt: number) => void;

/**
 * Two hundred steps that route to the head and the tail, fan out, are tried again, log and change the context. Whatever
 * the order in which those of the fan-out come to their end, an undisturbed run and one that was killed come to the
 * same.
 */
export function crashWorkflow(onAttempt: OnAttempt): Workflow<Payloads, Context> {
  return new Workflow<Payloads, Context>({ name: "crash" }).add(
    {
      name: "chain",
      action: async (ctx, at, log, { idempotencyKey, attempt }) => {
        onAttempt(idempotencyKey, attempt);
        log.event("chain.start", { at });
        await delay(at % 3);
        log.event("chain.end");
        ctx.chained = (ctx.chained ?? 0) + at;
        return at + 1;
      },
      decision: (_ctx, result, enqueue) => {
        if (!result.ok) return;
        const next = result.value;
        if (next < CHAIN) enqueue.tail("chain");
        if (next % 5 === 0) enqueue.head("note", next);
        enqueue.tail("audit", next);
        if (next === CHAIN) enqueue.all("item", Array.from({ length: ITEMS }, (_, i) => i), { then: "collect" });
      },
    },
    {
      name: "note",
      action: (ctx, at, _log, { idempotencyKey, attempt }) => {
        onAttempt(idempotencyKey, attempt);
        ctx.noted = [...ctx.noted ?? [], at];
        return `noted ${at}`;
      },
    },
    {
      name: "audit",
      action: (ctx, at, log, { idempotencyKey, attempt }) => {
        onAttempt(idempotencyKey, attempt);
        log.event("audited", { at });
        (ctx.audited ??= []).push(at);
      },
    },
    {
      name: "item",
      retry: { maxAttempts: 2, delayMs: 3, jitter: "none" },
      action: async (ctx, at, log, { idempotencyKey, attempt }) => {
        onAttempt(idempotencyKey, attempt);
        for (let i = 0; i < 3; i += 1) log.event("item", { at, i });
        await delay(at % 5);
        ctx[`item.${at}`] = (ctx[`item.${at}`] ?? 0) + 1;
        if (at % 4 === 0 && attempt === 1) throw new Error(`first attempt at ${at}`);
        if (at % 10 === 7) throw new TypeError(`no ${at}`);
        return at * 2;
      },
    },
    {
      name: "collect",
      action: (ctx, results, _log, { idempotencyKey, attempt }) => {
        onAttempt(idempotencyKey, attempt);
        ctx.failed = results.filter(({ ok }) => !ok).length;
        return results.map(({ value }) => value);
      },
      decision: (_ctx, _result, enqueue) => enqueue.tail("tail", 0),
    },
    {
      name: "tail",
      action: async (_ctx, at, _log, { idempotencyKey, attempt }) => {
        onAttempt(idempotencyKey, attempt);
        await delay(at % 2);
        return at + 1;
      },
      decision: (_ctx, result, enqueue) => {
        if (result.ok && result.value < TAIL) enqueue.tail("tail");
      },
    },
  );
}

/** A context without the value of the item that was through last, which is one or another. */
export function withoutLast(context: Context & { readonly "result.item"?: unknown }): Omit<Context, "result.item"> {
  const { "result.item": _, ...rest } = context;
  return rest;
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
