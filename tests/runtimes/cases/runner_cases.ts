import { MemoryStore, RunnerClosedError, UnknownRunError, Workflow } from "@stepstream/workflow";
import { Runner } from "@stepstream/workflow/runner";
import { laterTurn, readAll, typesOf } from "../../tools/events.ts";
import { Gates } from "../../tools/gates.ts";
import { assertEquals, rejectionOf } from "./assert.ts";
import type { RuntimeCase } from "./runtime_case.ts";

/** A runner whose runs say a word, wait at the gate of their id, and say another. */
class TalkingRunner {
  readonly gates = new Gates();
  readonly runner: Runner;

  constructor(store: MemoryStore = new MemoryStore()) {
    const workflow = new Workflow({ name: "talking" }).add({
      name: "talk",
      action: async (_ctx, _payload, log, { runId, signal }) => {
        log.event("one");
        await gates.wait(runId, signal);
        signal.throwIfAborted();
        log.event("two");
      },
    });
    const { gates } = this;
    this.runner = new Runner({ workflows: [workflow], store });
  }

  /** Starts a run, and waits until it is at its gate. */
  async start(runId: string): Promise<void> {
    await this.runner.start("talking", "talk", null, { runId });
    await this.untilWaiting(runId);
  }

  async untilWaiting(runId: string): Promise<void> {
    while (!this.gates.waiting.includes(runId)) await laterTurn();
  }
}

const ALL_TYPES = ["run.start", "step.start", "step.log", "step.log", "step.result", "run.end"];

export const runnerCases: readonly RuntimeCase[] = [
  {
    name: "Runner.follow() gives every reader every event, whenever it comes and from wherever it goes on",
    async run() {
      const talk = new TalkingRunner();
      await talk.start("r");
      const early = readAll(talk.runner.follow("r"));
      await laterTurn();

      talk.gates.open("r");

      assertEquals(typesOf((await early).items), ALL_TYPES);
      assertEquals(typesOf((await readAll(talk.runner.follow("r"))).items), ALL_TYPES);
      const rest = await readAll(talk.runner.follow("r", { after: 4 }));
      assertEquals(rest.items.map(({ seq }) => seq), [5, 6]);
      await talk.runner.close();
    },
  },
  {
    name: "Runner.start() of one id twice is one run, which goes on when its readers leave",
    async run() {
      const talk = new TalkingRunner();
      const started = [
        await talk.runner.start("talking", "talk", null, { runId: "r" }),
        await talk.runner.start("talking", "talk", null, { runId: "r" }),
      ];
      for await (const { type } of talk.runner.follow("r")) if (type === "step.start") break;
      await talk.untilWaiting("r");
      const waiting = talk.gates.waiting;

      talk.gates.open("r");
      await readAll(talk.runner.follow("r"));

      assertEquals([started.map(({ isNew }) => isNew), waiting], [[true, false], ["r"]]);
      assertEquals((await talk.runner.get("r"))?.status, "completed");
      await talk.runner.close();
    },
  },
  {
    name: "Runner.cancel() ends a run at once, and its readers see that",
    async run() {
      const talk = new TalkingRunner();
      await talk.start("r");
      const reading = readAll(talk.runner.follow("r"));

      const cancelled = talk.runner.cancel("r");
      talk.gates.openAll();

      assertEquals([await cancelled, await talk.runner.cancel("r"), talk.gates.aborted], [true, false, ["r"]]);
      const end = (await reading).items.at(-1);
      assertEquals(end?.type === "run.end" && end.status, "cancelled");
      assertEquals(await rejectionOf(talk.runner.cancel("none")) instanceof UnknownRunError, true);
      await talk.runner.close();
    },
  },
  {
    name: "Runner.close() lets go of a run, and another runner recovers it where it stood",
    async run() {
      const store = new MemoryStore();
      const first = new TalkingRunner(store);
      await first.start("r");
      const left = readAll(first.runner.follow("r"));
      const closed = first.runner.close({ timeoutMs: 0 });
      while (first.gates.aborted.length === 0) await laterTurn();
      first.gates.openAll();
      await closed;
      const second = new TalkingRunner(store);

      const recovered = await second.runner.recover();
      await second.untilWaiting("r");
      second.gates.open("r");

      const [before, after] = [(await left).items, (await readAll(second.runner.follow("r"))).items];
      assertEquals([recovered, before.map(({ seq }) => seq)], [1, after.slice(0, before.length).map(({ seq }) => seq)]);
      assertEquals(typesOf(after).slice(-4), ["step.log", "step.log", "step.result", "run.end"]);
      assertEquals(after.map(({ seq }) => seq), after.map((_event, index) => index + 1));
      assertEquals(await rejectionOf(first.runner.start("talking", "talk")) instanceof RunnerClosedError, true);
      await second.runner.close();
    },
  },
];
