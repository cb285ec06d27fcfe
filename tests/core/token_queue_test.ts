import { assertEquals, assertLess, assertStrictEquals, unreachable } from "@std/assert";
import type { Token } from "../../src/core/token.ts";
import { TokenQueue } from "../../src/core/token_queue.ts";
import { TokenRange } from "../../src/core/token_range.ts";
import { heapInUse } from "../tools/heap.ts";
import { Random } from "../tools/random.ts";

Deno.test("TokenQueue.empty has no head and no tokens", () => {
  const { empty } = TokenQueue;

  assertEquals({ head: empty.head, size: empty.size, tokens: [...empty] }, { head: undefined, size: 0, tokens: [] });
});

Deno.test("TokenQueue.withTail() puts a token after all that waits", () => {
  const queue = TokenQueue.empty.withTail(token(1)).withTail(token(2)).withTail(token(3));

  assertEquals(ids(queue), [1, 2, 3]);
});

Deno.test("TokenQueue.withHead() puts a token before all that waits", () => {
  const queue = TokenQueue.empty.withTail(token(1)).withHead(token(2)).withHead(token(3));

  assertEquals(ids(queue), [3, 2, 1]);
});

Deno.test("TokenQueue.withoutHead() of an empty queue is the empty queue", () => {
  const queue = TokenQueue.empty.withoutHead();

  assertStrictEquals(queue, TokenQueue.empty);
});

Deno.test("TokenQueue.toJSON() lists the tokens from head to tail", () => {
  const queue = TokenQueue.empty.withTail(token(1)).withTail(token(2)).withHead(token(3));

  assertEquals(JSON.parse(JSON.stringify(queue)), [token(3), token(1), token(2)]);
});

Deno.test("TokenQueue holds the very tokens it was given", () => {
  const [first, second] = [token(1), token(2)];

  const queue = TokenQueue.empty.withTail(first).withTail(second);

  assertStrictEquals(queue.head, first);
  assertStrictEquals(queue.withoutHead().head, second);
});

Deno.test("TokenQueue.filter() keeps the tokens that pass, in their order", () => {
  const queue = TokenQueue.empty.withTail(token(1)).withTail(token(2)).withTail(token(3)).withHead(token(4));

  const filtered = queue.filter(({ id }) => id !== 1);

  assertEquals([ids(filtered), filtered.size, filtered.head?.id], [[4, 2, 3], 3, 4]);
});

Deno.test("TokenQueue.filter() asks about every token once, from head to tail", () => {
  const asked: number[] = [];
  const queue = TokenQueue.empty.withTail(token(1)).withTail(token(2)).withHead(token(3));

  queue.filter(({ id }) => asked.push(id) > 1);

  assertEquals(asked, [3, 1, 2]);
});

Deno.test("TokenQueue.filter() asks about a range once, also where the queue begins in its midst", () => {
  const asked: number[] = [];
  const queue = TokenQueue.empty.withRange(range(1, 100)).withRange(range(101, 100)).withTail(token(201)).withoutHead();

  const filtered = queue.filter(({ id }) => {
    asked.push(id);
    return id !== 101;
  });

  assertEquals(asked, [2, 101, 201]);
  assertEquals([filtered.size, ids(filtered).slice(-2)], [100, [100, 201]]);
});

Deno.test("TokenQueue.filter() of which nothing passes is an empty queue that goes on", () => {
  const filtered = TokenQueue.empty.withTail(token(1)).withHead(token(2)).filter(() => false);

  assertEquals([ids(filtered), filtered.size, filtered.head], [[], 0, undefined]);
  assertEquals(ids(filtered.withTail(token(3)).withHead(token(4))), [4, 3]);
});

Deno.test("TokenQueue.withRange() puts all tokens of a range after all that waits", () => {
  const queue = TokenQueue.empty.withTail(token(1)).withRange(range(2, 3)).withTail(token(5)).withHead(token(6));

  assertEquals([ids(queue), queue.size], [[6, 1, 2, 3, 4, 5], 6]);
  assertEquals(JSON.parse(JSON.stringify(queue))[3], {
    id: 3,
    parent: 1,
    step: "item",
    payload: "3",
    where: "tail",
    member: { group: 7, index: 1 },
  });
});

Deno.test("TokenQueue that begins in the midst of a range takes tokens at both ends", () => {
  const queue = TokenQueue.empty.withRange(range(1, 4)).withoutHead().withoutHead();

  assertEquals([ids(queue.withHead(token(9)).withTail(token(8))), queue.size], [[9, 3, 4, 8], 2]);
});

Deno.test("TokenQueue lets go of the payloads of a range while it is taken apart", () => {
  const create = () => {
    const payloads = Array.from({ length: 100 }, () => new Array(10_000).fill(0));
    return TokenQueue.empty.withRange(new TokenRange({ firstId: 1, parent: 1, step: "item", group: 7, payloads }));
  };
  let queue = create();
  const all = heapInUse();

  for (let taken = 0; taken < 90; taken += 1) queue = queue.withoutHead();

  assertEquals([queue.size, queue.head?.id, ids(queue).at(-1)], [10, 91, 100]);
  assertLess(heapInUse() - all, -80 * 80_000);
});

Deno.test("TokenQueue lets go of a range that is done, however many tokens wait behind it", () => {
  const create = () => {
    const payloads = Array.from({ length: 100 }, () => new Array(10_000).fill(0));
    return TokenQueue.empty.withTail(token(1))
      .withRange(new TokenRange({ firstId: 2, parent: 1, step: "item", group: 7, payloads }));
  };
  let queue = create();
  for (let id = 1_000; id < 1_500; id += 1) queue = queue.withTail(token(id));
  const all = heapInUse();

  for (let taken = 0; taken < 101; taken += 1) queue = queue.withoutHead();

  assertEquals([queue.size, queue.head?.id], [500, 1_000]);
  assertLess(heapInUse() - all, -95 * 80_000);
});

Deno.test("TokenQueue has one token as its head for as long as it is", () => {
  const queue = TokenQueue.empty.withRange(range(1, 2));

  assertStrictEquals(queue.head, queue.withTail(token(3)).head);
});

Deno.test("TokenQueue does as an array does, and no change touches an older version", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const random = new Random(seed);
    const versions: Version[] = [{ queue: TokenQueue.empty, model: [] }];

    for (let id = 1; id <= 200; id += 1) {
      // Mostly the latest version, now and then one from long ago: persistence means both go on.
      const from = random.percent(80) ? versions.length - 1 : random.below(versions.length);
      versions.push(change(versions[from] ?? unreachable(), token(id), random.below(100)));
    }

    const seen = versions.map(({ queue }) => ({ tokens: [...queue], head: queue.head, size: queue.size }));
    const wanted = versions.map(({ model }) => ({ tokens: model, head: model[0], size: model.length }));
    assertEquals(seen, wanted, `seed ${seed}`);
  }
});

Deno.test("TokenQueue takes a long queue apart without recursion", () => {
  let queue = TokenQueue.empty;
  for (let id = 1; id <= 100_000; id += 1) queue = queue.withTail(token(id));

  let taken = 0;
  for (; queue.head !== undefined; queue = queue.withoutHead()) taken += 1;

  assertEquals(taken, 100_000);
});

interface Version {
  readonly queue: TokenQueue;
  readonly model: readonly Token[];
}

function change({ queue, model }: Version, added: Token, dice: number): Version {
  if (dice < 25) return { queue: queue.withTail(added), model: [...model, added] };
  if (dice < 35) {
    const several = range(added.id * 1_000, 1 + dice % 3);
    return { queue: queue.withRange(several), model: [...model, ...TokenQueue.empty.withRange(several)] };
  }
  if (dice < 60) return { queue: queue.withHead(added), model: [added, ...model] };
  if (dice < 97) return { queue: queue.withoutHead(), model: model.slice(1) };
  // The tokens of a range pass or not as one.
  const passes = ({ id }: Token) => (id < 1_000 ? id : Math.floor(id / 1_000)) % 3 !== added.id % 3;
  return { queue: queue.filter(passes), model: model.filter(passes) };
}

/** So many tokens from an id on. */
function range(firstId: number, size: number): TokenRange {
  const payloads = Array.from({ length: size }, (_, index) => String(firstId + index));
  return new TokenRange({ firstId, parent: 1, step: "item", group: 7, payloads });
}

function token(id: number): Token {
  return { id, parent: null, step: "work", payload: { id }, where: "tail", member: null };
}

function ids(queue: TokenQueue): number[] {
  return [...queue].map(({ id }) => id);
}
