import type { Peer } from "./contract.ts";
import { createStepStream } from "./stepstream.ts";

const stepStreamWithoutTrace: Peer = createStepStream(
  "StepStream, no trace",
  "the same with `captureTrace: false`",
  {
    captureTrace: false,
  },
);

export default stepStreamWithoutTrace;
