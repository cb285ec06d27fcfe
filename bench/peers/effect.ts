import { Effect, Queue, Stream } from "effect";
import type { Peer } from "./contract.ts";

interface Told {
  readonly type: "start" | "log" | "result";
  readonly step: string;
  readonly payload: number;
  readonly value: unknown;
}

const effect: Peer = {
  name: "effect",
  package: "effect",
  does: "`Stream.unfold` over `Effect.sync`, `Stream.mapEffect`, `Stream.callback` for logs, `Effect.forEach` with " +
    "`concurrency`, read by `Stream.toAsyncIterable`",
  isResult: (event) => (event as Told).type === "result",
  isLog: (event) => (event as Told).type === "log",

  chain: (steps, action) => {
    const stream = Stream.unfold(0, (n) =>
      Effect.sync(() => {
        if (n >= steps) return undefined;
        const value = action(n);
        return [
          { type: "result", step: "count", payload: n, value },
          value,
        ] as const;
      }));
    return () => Stream.toAsyncIterable(stream);
  },
  chatter: (steps, logs, action) => {
    const stream = Stream.callback<Told>((queue) =>
      Effect.gen(function* () {
        for (let n = 0; n < steps;) {
          for (let line = 0; line < logs; line += 1) {
            yield* Queue.offer(queue, {
              type: "log",
              step: "count",
              payload: n,
              value: { line },
            });
          }
          const value = action(n);
          yield* Queue.offer(queue, {
            type: "result",
            step: "count",
            payload: n,
            value,
          });
          n = value;
        }
        yield* Queue.end(queue);
      })
    );
    return () => Stream.toAsyncIterable(stream);
  },
  fanOut: (width, action, merge) => {
    const stream = Stream.suspend(() => {
      const values: number[] = [];
      const items = Stream.range(0, width - 1).pipe(
        Stream.mapEffect((n) =>
          Effect.sync(() => {
            const value = action(n);
            values[n] = value;
            return { type: "result", step: "item", payload: n, value };
          })
        ),
      );
      const merged = Stream.fromEffect(
        Effect.sync(() => ({
          type: "start",
          step: "merge",
          payload: width,
          value: merge(values),
        })),
      );
      return Stream.concat(items, merged);
    });
    return () => Stream.toAsyncIterable(stream);
  },
  pool: (width, concurrency, work) => {
    const items = Array.from({ length: width }, (_, n) => n);
    const all = Effect.forEach(
      items,
      (n) => Effect.promise((signal) => work(n, signal)),
      { concurrency },
    );
    return () => Effect.runPromise(all);
  },
  waitingChain: (steps, work) => {
    const stream = Stream.callback<Told>((queue) =>
      Effect.gen(function* () {
        for (let n = 0; n < steps;) {
          yield* Queue.offer(queue, {
            type: "start",
            step: "count",
            payload: n,
            value: null,
          });
          const value = yield* Effect.promise((signal) => work(n, signal));
          yield* Queue.offer(queue, {
            type: "result",
            step: "count",
            payload: n,
            value,
          });
          n = value;
        }
        yield* Queue.end(queue);
      })
    );
    return () => Stream.toAsyncIterable(stream);
  },
};

export default effect;
