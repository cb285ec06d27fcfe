import { GroupFailedError, type Result, type Where } from "@stepstream/workflow";
import type { Call } from "./control_world.ts";

/** A token, as the model knows it. */
export interface Item {
  readonly step: string;
  readonly payload: unknown;
  readonly where: Where;
  /** What a joining step is to get; `null` where the payload was given. */
  readonly group: ModelGroup | null;
  readonly member: { readonly group: ModelGroup; readonly index: number } | null;
  /** Its id, once that is known. */
  token: number | null;
}

/** A fan-out, as the model knows it. */
export interface ModelGroup {
  readonly call: Extract<Call, { readonly where: "all" }>;
  readonly member: Item["member"];
  /** By place, how the path ended. */
  readonly ends: (Result | undefined)[];
  /** By place, how many tokens of the path are waiting or at work, counted in the same way as all of them. */
  readonly parts: number[];
  /** How many tokens of it are waiting or at work, those of groups inside it not counted one by one. */
  open: number;
  isOver: boolean;
  /** What stopped it. */
  cause: unknown;
}

/** What the queue of a run should be: an array, and groups that count. It knows nothing of the engine. */
export class QueueModel {
  waiting: Item[] = [];
  readonly groups: ModelGroup[] = [];

  constructor(step: string, payload: unknown) {
    this.waiting.push({ step, payload, where: "tail", group: null, member: null, token: null });
  }

  take(item: Item): void {
    this.waiting.splice(this.waiting.indexOf(item), 1);
  }

  /** Puts what came of an item into the queue; answers it in the order of the calls, with the join that became due. */
  finish(item: Item, result: Result, calls: readonly Call[]): Item[] {
    if (!isLive(item)) return [];
    const routed: Item[] = [];
    let follow = 0;
    for (const call of calls) {
      follow += 1;
      for (const next of this.#itemsOf(call, item.member)) {
        if (call.where === "head") this.waiting.unshift(next);
        else this.waiting.push(next);
        routed.push(next);
      }
    }
    const join = item.member === null ? null : this.#tellGroup(item.member, result, follow);
    return join === null ? routed : [...routed, join];
  }

  #itemsOf(call: Call, member: Item["member"]): Item[] {
    const base = { step: call.step, group: null, token: null };
    if (call.where !== "all") return [{ ...base, payload: call.payload, where: call.where, member }];
    const { payloads } = call;
    const group: ModelGroup = {
      call,
      member,
      ends: [],
      parts: payloads.map(() => 1),
      open: payloads.length,
      isOver: false,
      cause: null,
    };
    this.groups.push(group);
    if (payloads.length === 0) return [joinOf(group)];
    return payloads.map((payload, index) => ({ ...base, payload, where: "tail", member: { group, index } }));
  }

  #tellGroup({ group, index }: NonNullable<Item["member"]>, result: Result, follow: number): Item | null {
    group.open += follow - 1;
    group.parts[index] = (group.parts[index] ?? 0) + follow - 1;
    if (follow === 0) group.ends[index] = result;
    const isStopped = follow === 0 && !result.ok && group.call.mode === "fail-fast";
    if (group.open > 0 && !isStopped) return null;
    group.cause = result.error;
    for (const [place, left] of group.parts.entries()) if (left > 0 && place !== index) delete group.ends[place];
    const join = joinOf(group);
    this.waiting = [...this.waiting.filter(isLive), join];
    return join;
  }
}

/** Whether no group around the item has stopped. */
export function isLive({ member }: Item): boolean {
  for (let around = member; around !== null; around = around.group.member) if (around.group.isOver) return false;
  return true;
}

/** What stopped the item, `undefined` if nothing did. */
export function causeOf({ member }: Item): { readonly cause: unknown } | undefined {
  for (let around = member; around !== null; around = around.group.member) {
    if (around.group.isOver) return { cause: around.group.cause };
  }
  return undefined;
}

/** Whether the payload is what the item should get: the very results, in the order of the group's payloads. */
export function isPayloadOf({ group, payload }: Item, given: unknown): boolean {
  if (group === null) return given === payload;
  const { call: { payloads }, ends, cause } = group;
  if (!Array.isArray(given) || given.length !== payloads.length) return false;
  return given.every((result: Result, index) => {
    const end = ends[index];
    if (end !== undefined) return end.ok === result.ok && end.value === result.value && end.error === result.error;
    return !result.ok && result.error instanceof GroupFailedError && result.error.cause === cause;
  });
}

function joinOf(group: ModelGroup): Item {
  group.isOver = true;
  return { step: group.call.then, payload: null, where: "tail", group, member: group.member, token: null };
}
