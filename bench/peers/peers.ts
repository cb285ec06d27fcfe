/** The files of the peers in the order of the tables; the first is what all are compared with. */
export const PEER_FILES = [
  "generator",
  "stepstream",
  "stepstream_no_trace",
  "effect",
  "xstate",
  "genkit",
  "mastra",
  "workflow_core",
  "langgraph",
  "p_queue",
] as const;

export type PeerFile = typeof PEER_FILES[number];

/** What a contestant is called that is no peer: the work of an item without any engine. */
export const REFERENCE = "reference";
