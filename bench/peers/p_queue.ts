import PQueue from "p-queue";
import type { Peer } from "./contract.ts";

const NO_STREAM = "a queue of tasks, without a stream of events";

const pQueue: Peer = {
  name: "p-queue",
  package: "p-queue",
  does: "`queue.addAll` with `concurrency`; a limit only",
  lacks: {
    chain: NO_STREAM,
    chatter: NO_STREAM,
    fanOut: NO_STREAM,
    waitingChain: NO_STREAM,
  },
  isResult: () => false,

  pool: (width, concurrency, work) => {
    const tasks = Array.from({ length: width }, (_, n) => () => work(n));
    return () => new PQueue({ concurrency }).addAll(tasks);
  },
};

export default pQueue;
