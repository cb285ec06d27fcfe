import type { GroupMode, Result, StepScope, Where } from "@stepstream/workflow";
import { ManualClock } from "./manual_clock.ts";
import type { Random } from "./random.ts";
import { WatchedClock } from "./watched_clock.ts";

/** What a finding is about. */
export type Topic =
  | "attempts"
  | "decisions"
  | "groups"
  | "in flight"
  | "leaks"
  | "order"
  | "room"
  | "sequence"
  | "stopping"
  | "tokens";

/** Something that should not have happened. */
export interface Finding {
  readonly topic: Topic;
  readonly message: string;
}

/** One call of an action. */
export interface ActionCall {
  readonly step: string;
  readonly context: object;
  readonly payload: unknown;
  readonly token: number;
  readonly attempt: number;
  readonly scope: StepScope;
  /** Its work is a run inside: it takes part in none itself. */
  readonly isAround: boolean;
  /** The turn in which it came to its end, or was told to. */
  endedIn: number | null;
}

/** What a decision asked for. */
export type Call =
  | { readonly where: Where; readonly step: string; readonly payload: unknown }
  | {
    readonly where: "all";
    readonly step: string;
    readonly payloads: readonly unknown[];
    readonly then: string;
    readonly mode: GroupMode;
  };

/** One call of a decision. */
export interface DecisionCall {
  readonly context: object;
  readonly result: Result;
  readonly calls: Call[];
}

/** What there was to see when a run stood still. */
export interface StandStill {
  /** How many events the reader had. */
  readonly events: number;
  /** Whether it waited for another. */
  readonly isWanted: boolean;
  /** The actions at work whose signal has not aborted. */
  readonly active: readonly ActionCall[];
  /** The tokens whose work is a run inside that goes on. */
  readonly around: ReadonlySet<number>;
}

/**
 * Where the actions of one random run do their work. Nothing there goes on by itself: work is done, and time passes,
 * one turn after the other, in an order that a seed says.
 */
export class ControlWorld {
  readonly findings: Finding[] = [];
  /** What user code did, in order: the first attempts and the decisions. */
  readonly history: (ActionCall | DecisionCall)[] = [];
  readonly actions: ActionCall[] = [];
  readonly decisions: DecisionCall[] = [];
  readonly standStills: StandStill[] = [];
  /** The clock that the run gets. */
  readonly clock: WatchedClock;
  /** Counts turns. */
  turn = 0;
  /** Counts whatever happens, so that standing still can be told. */
  activity = 0;
  /** A decision has thrown: the run, or one inside, has failed. */
  hasThrown = false;
  isOver = false;
  /** Called at every place where user code runs. */
  onVisit: () => void = () => {};
  readonly #manual = new ManualClock();
  readonly #naps: WatchedClock;
  readonly #random: Random;
  readonly #limits: { readonly run: number; readonly step: (name: string) => number };
  readonly #waiting: (() => void)[] = [];
  readonly #active = new Set<ActionCall>();
  readonly #around = new Set<ActionCall>();
  #deciding: DecisionCall | null = null;
  readonly #aroundSignals: { readonly listeners: Set<unknown> }[] = [];

  constructor(random: Random, limits: { readonly run: number; readonly step: (name: string) => number }) {
    this.#random = random;
    this.#limits = limits;
    this.clock = new WatchedClock(this.#manual);
    this.#naps = new WatchedClock(this.#manual);
  }

  find(topic: Topic, message: string): void {
    this.findings.push({ topic, message });
  }

  visit(): void {
    this.activity += 1;
    this.onVisit();
  }

  /** Waits until a turn is this one's, or the signal aborts. */
  wait(signal: AbortSignal | null): Promise<void> {
    return this.#until(signal, (go) => {
      this.#waiting.push(go);
      return () => this.#waiting.splice(this.#waiting.indexOf(go), 1);
    });
  }

  /** Waits for so much time, or until the signal aborts. */
  nap(ms: number, signal: AbortSignal | null): Promise<void> {
    return this.#until(signal, (go) => {
      const timer = this.#naps.setTimeout(go, ms);
      return () => this.#naps.clearTimeout(timer);
    });
  }

  /** Waits for ever, or until the signal aborts. */
  hang(signal: AbortSignal | null): Promise<void> {
    return this.#until(signal, () => () => {});
  }

  beginAction(call: Omit<ActionCall, "endedIn">): ActionCall {
    const action: ActionCall = { ...call, endedIn: null };
    const { scope, step, context, isAround } = action;
    const name = `${step}, token ${action.token}, attempt ${action.attempt}`;
    if (this.isOver) this.find("stopping", `${name} starts after the end`);
    if (scope.signal.aborted) this.find("stopping", `${name} starts aborted`);
    this.actions.push(action);
    if (action.attempt === 1) this.history.push(action);
    scope.signal.addEventListener("abort", () => this.endAction(action), { once: true });
    if (isAround) {
      this.#around.add(action);
      this.#aroundSignals.push(watchListeners(scope.signal));
    } else {
      this.#active.add(action);
      const sameStep = [...this.#active].filter((other) => other.step === step && other.context === context);
      if (this.#active.size > this.#limits.run) this.find("in flight", `${name} is number ${this.#active.size}`);
      if (sameStep.length > this.#limits.step(step)) this.find("in flight", `${name} is over its step's limit`);
    }
    this.visit();
    return action;
  }

  /** The action has come to its end, or was told to: the first of them counts. */
  endAction(action: ActionCall): void {
    action.endedIn ??= this.turn;
    this.#active.delete(action);
    this.#around.delete(action);
    this.activity += 1;
  }

  beginDecision(context: object, result: Result): DecisionCall {
    const decision: DecisionCall = { context, result, calls: [] };
    if (this.isOver) this.find("stopping", "a decision starts after the end");
    // That of a run inside may still be under way when its step has been given up; others do not wait for it.
    if (this.#deciding?.context === context) this.find("decisions", "a decision starts while another is under way");
    this.#deciding = decision;
    this.decisions.push(decision);
    this.history.push(decision);
    this.visit();
    return decision;
  }

  endDecision(decision: DecisionCall): void {
    if (this.#deciding === decision) this.#deciding = null;
    this.activity += 1;
  }

  /** Waits until nothing goes on any more but by a turn. */
  async standStill(): Promise<void> {
    let seen = -1;
    while (seen !== this.activity) {
      seen = this.activity;
      for (let ticks = 0; ticks < 60; ticks += 1) await undefined;
    }
  }

  noteStandStill(events: number, isWanted: boolean): void {
    const around = new Set([...this.#around].map(({ token }) => token));
    this.standStills.push({ events, isWanted, active: [...this.#active], around });
  }

  /** Lets somebody's work go on, or time pass until a timer is due; `false` if there is nothing to wait for. */
  takeTurn(): boolean {
    const nextAt = Math.min(this.clock.nextAt, this.#naps.nextAt);
    this.turn += 1;
    this.activity += 1;
    if (this.#waiting.length > 0 && (nextAt === Infinity || this.#random.percent(70))) {
      this.#waiting[this.#random.below(this.#waiting.length)]?.();
      return true;
    }
    if (nextAt === Infinity) return false;
    this.#manual.tick(nextAt - this.#manual.now());
    return true;
  }

  get activeActions(): readonly ActionCall[] {
    return [...this.#active];
  }

  /** How many listeners the runs inside have left behind at the signals of the steps around them. */
  get listenersLeft(): number {
    return this.#aroundSignals.reduce((sum, { listeners }) => sum + listeners.size, 0);
  }

  #until(signal: AbortSignal | null, begin: (go: () => void) => () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const end = begin(() => {
        end();
        signal?.removeEventListener("abort", stop);
        this.activity += 1;
        resolve();
      });
      const stop = () => {
        end();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
    });
  }
}

/** Keeps the listeners that the signal gets from now on, until they are taken off or it has aborted. */
function watchListeners(signal: AbortSignal): { readonly listeners: Set<unknown> } {
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.add(args[1]);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.delete(args[1]);
    remove(...args);
  };
  return { listeners };
}
