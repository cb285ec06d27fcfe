import { type Any, GroupFailedError, type WorkflowEvent } from "@stepstream/workflow";
import type { ControlWorld, StandStill, Topic } from "./control_world.ts";
import { causeOf, isLive, isPayloadOf, type Item, QueueModel } from "./queue_model.ts";
import type { StepPolicies } from "./seeded_control_workflow.ts";

type RunEvent = WorkflowEvent<Any, Any>;
type EventOf<Type extends RunEvent["type"]> = Extract<RunEvent, { readonly type: Type }>;
type StepEvent = Extract<RunEvent, { readonly token: number }>;

/** A run, or a run inside one. */
interface RunModel {
  readonly queue: QueueModel;
  /** The step around it. */
  readonly around: AtWork | null;
  readonly path: readonly string[];
  readonly atWork: Map<number, AtWork>;
  /** The turn in which the action ended whose decision was the last. */
  decidedFor: number;
}

/** A token that has started and has no result. */
interface AtWork {
  readonly item: Item;
  readonly run: RunModel;
  attempt: number;
  /** The run inside it, for the attempt that is open. */
  inside: RunModel | null;
  /** When it is to be tried again; `null` while an attempt is open. */
  retryAt: { readonly least: number; readonly most: number } | null;
  /** By its place in the world's list, the decision that was taken. */
  decision: number | null;
}

/** What a run was asked to be. */
export interface Asked {
  readonly start: string;
  readonly payload: unknown;
  readonly concurrency: number;
  readonly maxSteps: number;
  /** Whether the reader may be late: then what is due waits for it. */
  readonly isSlow: boolean;
  readonly policies: ReadonlyMap<string, StepPolicies>;
}

/** Follows the events of a run with a model of it and tells the world whatever differs. */
export function replayControl(events: readonly RunEvent[], world: ControlWorld, asked: Asked): void {
  new Replay(world, asked).follow(events);
}

class Replay {
  readonly #world: ControlWorld;
  readonly #asked: Asked;
  readonly #root: RunModel;
  readonly #started = new Map<number, AtWork>();
  readonly #routed = new Set<number>([1]);
  readonly #finished = new Set<number>();
  readonly #endedIn = new Map<number, number | null>();
  #event: RunEvent | null = null;

  constructor(world: ControlWorld, asked: Asked) {
    this.#world = world;
    this.#asked = asked;
    this.#root = createRun(asked.start, asked.payload, null, []);
    for (const { token, endedIn } of world.actions) this.#endedIn.set(token, endedIn);
  }

  follow(events: readonly RunEvent[]): void {
    const standStills = [...this.#world.standStills];
    for (const [index, event] of events.entries()) {
      while (standStills[0] !== undefined && standStills[0].events <= index) this.#look(standStills.shift());
      this.#event = event;
      this.#expect("sequence", event.seq === index + 1, `seq is ${event.seq} at place ${index + 1}`);
      this.#expect("sequence", (event.type === "run.start") === (index === 0), "run.start is the first");
      if (event.type === "run.end") {
        this.#expect("sequence", index === events.length - 1, "run.end is the last");
        this.#end(event);
      } else if ("token" in event) this.#step(event);
    }
  }

  #step(event: StepEvent): void {
    const stopped = this.#stoppedAtWork();
    if (stopped.length > 0) {
      const isNext = event.type === "step.result" && stopped.some(({ item }) => item.token === event.token);
      this.#expect("stopping", isNext, "what a group has stopped gets its results at once");
    }
    if (event.type === "step.start") return this.#start(event);
    const atWork = this.#started.get(event.token);
    if (atWork === undefined || this.#finished.has(event.token)) {
      return this.#expect("attempts", false, "it comes before its step.start or after its step.result");
    }
    this.#expect("attempts", event.attempt === atWork.attempt, `attempt ${atWork.attempt} is the one that is open`);
    this.#expect("attempts", event.step === atWork.item.step, `its step is ${atWork.item.step}`);
    this.#expect("sequence", isEqualPath(event.path, atWork.run.path), `its path is ${atWork.run.path}`);
    this.#expect("stopping", isGoingOn(atWork.run), "the run inside has been stopped");
    switch (event.type) {
      case "step.log":
      case "step.chunk":
        this.#expect("attempts", atWork.retryAt === null, "no attempt is open");
        if (event.type === "step.log" && event.name === "decided") this.#decide(atWork, event.data);
        break;
      case "step.retry":
        this.#retry(atWork, event);
        break;
      case "step.result":
        this.#finish(atWork, event);
        break;
    }
  }

  #start(event: EventOf<"step.start">): void {
    const again = this.#started.get(event.token);
    if (again !== undefined) return this.#startAgain(again, event);
    this.#expect("attempts", event.attempt === 1, "the first attempt is 1");
    const run = this.#runOf(event);
    if (run === null) return this.#expect("tokens", false, "it was not routed");
    this.#expect("stopping", isGoingOn(run), "the run inside has been stopped");
    const item = run.queue.waiting.find(({ token }) => token === event.token);
    if (item === undefined) return this.#expect("tokens", false, "it does not wait in the queue");
    const next = this.#nextOf(run);
    this.#expect("order", item === next, `token ${next?.token} is next`);
    this.#expect("groups", item.group === null || isPayloadOf(item, event.payload), "these are the results");
    this.#expect("tokens", item.group !== null || isPayloadOf(item, event.payload), "this is the payload");
    this.#expect("tokens", event.step === item.step, `its step is ${item.step}`);
    run.queue.take(item);
    const atWork: AtWork = { item, run, attempt: 1, inside: null, retryAt: null, decision: null };
    run.atWork.set(event.token, atWork);
    this.#started.set(event.token, atWork);
  }

  #startAgain(atWork: AtWork, event: EventOf<"step.start">): void {
    this.#expect("attempts", !this.#finished.has(event.token), "it has its result");
    this.#expect("attempts", event.attempt === atWork.attempt + 1, `the next attempt is ${atWork.attempt + 1}`);
    const { retryAt } = atWork;
    this.#expect("attempts", retryAt !== null, "its last attempt was not followed by step.retry");
    if (retryAt !== null) {
      this.#expect("attempts", event.at >= retryAt.least && event.at <= retryAt.most, `it is due ${retryAt.least}`);
    }
    this.#expect("stopping", isGoingOn(atWork.run) && isLive(atWork.item), "it was stopped");
    atWork.attempt = event.attempt;
    atWork.retryAt = null;
  }

  #retry(atWork: AtWork, { at, delayMs, error }: EventOf<"step.retry">): void {
    const { retry } = this.#asked.policies.get(atWork.item.step) ?? {};
    this.#expect("attempts", atWork.retryAt === null, "no attempt is open");
    this.#expect("attempts", retry !== undefined && atWork.attempt < retry.maxAttempts, "it has no attempt left");
    if (retry !== undefined) {
      const { delayMs: first = 0, factor = 2, maxDelayMs = Infinity, jitter } = retry;
      const asked = (error as { readonly retryAfterMs?: number } | null)?.retryAfterMs;
      const most = Math.min(asked ?? first * factor ** (atWork.attempt - 1), maxDelayMs);
      const least = asked === undefined && jitter === "full" ? 0 : most;
      this.#expect("attempts", delayMs >= least && delayMs <= most, `its delay is from ${least} to ${most}`);
    }
    atWork.inside = null;
    atWork.retryAt = { least: at + delayMs, most: this.#asked.isSlow ? Infinity : at + delayMs };
  }

  #decide(atWork: AtWork, data: unknown): void {
    this.#expect("decisions", atWork.decision === null, "it has decided already");
    atWork.inside = null;
    atWork.decision = data as number;
    const endedIn = this.#endedIn.get(atWork.item.token ?? 0) ?? null;
    this.#expect("decisions", endedIn !== null, "its action has not ended");
    if (endedIn === null) return;
    const { decidedFor } = atWork.run;
    this.#expect("decisions", endedIn >= decidedFor, `its action ended in ${endedIn}, that before in ${decidedFor}`);
    atWork.run.decidedFor = endedIn;
  }

  #finish(atWork: AtWork, event: EventOf<"step.result">): void {
    const { item, run, decision } = atWork;
    this.#finished.add(event.token);
    run.atWork.delete(event.token);
    atWork.inside = null;
    const stopped = causeOf(item);
    const { error } = event.result;
    const isStopped = error instanceof GroupFailedError;
    this.#expect("groups", isStopped === (stopped !== undefined), "a GroupFailedError is for what was stopped");
    if (isStopped) this.#expect("groups", error.cause === stopped?.cause, "its cause is the failure of the group");
    // What waited to be tried again, or to decide, has no more to tell.
    this.#expect("attempts", atWork.retryAt === null || isStopped, "no attempt is open");
    this.#expect("attempts", decision !== null || isStopped, "it has not decided");
    const taken = decision === null || isStopped ? undefined : this.#world.decisions[decision];
    if (taken !== undefined) {
      this.#expect("decisions", taken.result.error === error && taken.result.value === event.result.value, "result");
    }

    const routed = run.queue.finish(item, event.result, taken?.calls ?? []);
    const expected = routed.map(({ step, where }) => `${step} ${where}`);
    const isAsExpected = event.routed.map(({ step, where }) => `${step} ${where}`).join() === expected.join();
    this.#expect(
      routed.some(({ group }) => group !== null) ? "groups" : "tokens",
      isAsExpected,
      `${expected} come of it`,
    );
    for (const [index, { token }] of event.routed.entries()) {
      this.#expect("tokens", !this.#routed.has(token), `token ${token} was routed before`);
      this.#routed.add(token);
      const next = routed[index];
      if (next !== undefined) next.token = token;
    }
    const length = run.queue.waiting.length;
    this.#expect("order", event.queueLength === length, `queueLength is ${event.queueLength}, ${length} wait`);
  }

  #end({ status }: EventOf<"run.end">): void {
    this.#expect("stopping", this.#stoppedAtWork().length === 0, "what a group has stopped gets its results");
    if (status !== "completed") return;
    const { queue, atWork } = this.#root;
    this.#expect("order", queue.waiting.length === 0, "something waits");
    this.#expect("attempts", atWork.size === 0, "something is at work");
    this.#expect("groups", queue.groups.every((group) => isDone(group, queue.groups)), "a group is open");
  }

  /** The run that the token is of: the one where it waits, or a new one if it is the first of it. */
  #runOf({ token, parent, step, payload, path = [] }: EventOf<"step.start">): RunModel | null {
    if (token === 1) return adopt(this.#root, 1);
    const around = parent === null ? undefined : this.#started.get(parent);
    const steps = around === undefined ? [] : [...around.run.path, around.item.step];
    if (around === undefined) return null;
    if (this.#routed.has(token)) return around.run;
    // The first of a run inside: nobody routed it, and its parent is the step around it.
    const isFirst = around.inside === null && around.retryAt === null && !this.#finished.has(parent ?? 0);
    if (!isFirst || !isEqualPath(path, steps) || payload !== around.item.payload) return null;
    this.#routed.add(token);
    around.inside = createRun(step, payload, around, steps);
    return adopt(around.inside, token);
  }

  #nextOf(run: RunModel): Item | undefined {
    return run.queue.waiting.find(({ step }) => {
      const { concurrency = Infinity } = this.#asked.policies.get(step) ?? {};
      return [...run.atWork.values()].filter(({ item }) => item.step === step).length < concurrency;
    });
  }

  #stoppedAtWork(): AtWork[] {
    return this.#runs().flatMap(({ atWork }) => [...atWork.values()]).filter(({ item }) => !isLive(item));
  }

  #runs(run = this.#root): RunModel[] {
    return [run, ...[...run.atWork.values()].flatMap(({ inside }) => inside === null ? [] : this.#runs(inside))];
  }

  /** When all stands still, only open attempts are at work, and no room is left empty for which somebody waits. */
  #look(standStill: StandStill | undefined): void {
    if (standStill === undefined) return;
    for (const { token, attempt, step } of standStill.active) {
      const atWork = this.#started.get(token);
      const isOpen = atWork?.attempt === attempt && atWork.retryAt === null && !this.#finished.has(token) &&
        isGoingOn(atWork.run);
      if (standStill.isWanted) this.#expect("stopping", isOpen, `${step}, token ${token}: nobody told it to stop`);
    }
    // A run inside that has failed is over before the step around it is.
    if (!standStill.isWanted || this.#world.hasThrown) return;
    // Nor is there an event when one is stopped, until the step around it has its turn to decide.
    const runs = this.#runs().filter(({ around }) => around === null || standStill.around.has(around.item.token ?? 0));
    const taken = runs.reduce(
      (sum, { around, atWork }) => sum + Math.max(0, atWork.size - (around === null ? 0 : 1)),
      0,
    );
    // At the limit of steps nothing starts, and what is at work comes to its end.
    if (taken >= this.#asked.concurrency || this.#started.size >= this.#asked.maxSteps) return;
    const waiting = runs.map((run) => this.#nextOf(run)).find((item) => item !== undefined);
    this.#expect("room", waiting === undefined, `token ${waiting?.token} waits although ${taken} are at work`);
  }

  #expect(topic: Topic, isSo: boolean, message: string): void {
    if (isSo) return;
    const { type = "nothing", seq = 0 } = this.#event ?? {};
    const of = this.#event !== null && "token" in this.#event
      ? ` of token ${this.#event.token} (${this.#event.step}, attempt ${this.#event.attempt})`
      : "";
    this.#world.find(topic, `${type}${of}, seq ${seq}: ${message}`);
  }
}

function createRun(step: string, payload: unknown, around: AtWork | null, path: readonly string[]): RunModel {
  return { queue: new QueueModel(step, payload), around, path, atWork: new Map(), decidedFor: 0 };
}

function adopt(run: RunModel, token: number): RunModel {
  for (const item of run.queue.waiting) item.token ??= token;
  return run;
}

/** Whether the run, and all around it, are those of open attempts. */
function isGoingOn(run: RunModel): boolean {
  return run.around === null || (run.around.inside === run && isGoingOn(run.around.run));
}

function isDone(group: QueueModel["groups"][number], groups: QueueModel["groups"]): boolean {
  const around = group.member?.group;
  return group.isOver || (around !== undefined && isDone(around, groups));
}

function isEqualPath(path: readonly string[] = [], other: readonly string[]): boolean {
  return path.length === other.length && path.every((step, index) => step === other[index]);
}
