import type { Outcome, RunState } from "../core/state.ts";

/** Where a token comes from: the routes that have led to it, of which the last ones in a row are counted. */
interface Place {
  readonly before: string;
  readonly route: string;
  readonly count: number;
}

const FIRST: Place = { before: "", route: "0", count: 1 };

/**
 * Names the tokens of a run inside a step by their place. Their ids depend on what else is at work, and are others when
 * the step is done again after a crash; their places are the same.
 */
export class InnerKeys {
  /** By the token's id; the first token of a run has none. Made when needed: most runs are not inside a step. */
  #places: Map<number, Place> | null = null;
  /** By the group's id, the place that its `then` token will have. */
  #thens: Map<number, Place> | null = null;

  keyOf(token: number): string {
    return toText(this.#places?.get(token) ?? FIRST);
  }

  /** Takes in what a token has led to. */
  follow({ token, routed }: Outcome, before: RunState, after: RunState): void {
    const places = this.#places ??= new Map();
    const thens = this.#thens ??= new Map();
    const place = places.get(token.id) ?? FIRST;
    places.delete(token.id);
    let id = before.counters.tokens;
    let group = before.counters.groups;
    let route = 0;
    for (const { fanOut } of routed) {
      if (fanOut !== null) {
        group += 1;
        thens.set(group, next(place, `${route}g`));
      }
      for (let left = fanOut?.size ?? 1; left > 0; left -= 1) {
        id += 1;
        places.set(id, next(place, `${route}`));
        route += 1;
      }
    }
    // One token more is that of the group which has come to its end.
    const then = token.member === null ? undefined : thens.get(token.member.group);
    if (after.counters.tokens > id && token.member !== null && then !== undefined) {
      places.set(after.counters.tokens, then);
      thens.delete(token.member.group);
    }
  }
}

/** A long chain of steps has a short name: routes that repeat are counted. */
function next(place: Place, route: string): Place {
  return place.route === route
    ? { ...place, count: place.count + 1 }
    : { before: `${toText(place)}.`, route, count: 1 };
}

function toText({ before, route, count }: Place): string {
  return count === 1 ? `${before}${route}` : `${before}${route}x${count}`;
}
