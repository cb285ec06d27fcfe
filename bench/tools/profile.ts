import type { HeapProfiler, Profiler } from "node:inspector";
import { Session } from "node:inspector/promises";

/** A CPU profile, as DevTools read it. */
export type CpuProfile = Profiler.Profile;
/** A profile of what was allocated, as DevTools read it. */
export type HeapProfile = HeapProfiler.SamplingHeapProfile;

/** One sample of the CPU in so many µs. */
const SAMPLING_US = 200;
/** One sample of the heap in so many bytes. */
const SAMPLING_BYTES = 8_192;

/** Where the CPU is while the work is done. */
export async function profileCpu(work: () => Promise<unknown>): Promise<CpuProfile> {
  return await withSession(async (session) => {
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_US });
    await session.post("Profiler.start");
    await work();
    const { profile } = await session.post("Profiler.stop");
    return profile;
  });
}

/** Where the work allocates, what is garbage by the end included. */
export async function profileHeap(work: () => Promise<unknown>): Promise<HeapProfile> {
  return await withSession(async (session) => {
    await session.post("HeapProfiler.startSampling", {
      samplingInterval: SAMPLING_BYTES,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    await work();
    const { profile } = await session.post("HeapProfiler.stopSampling");
    return profile;
  });
}

async function withSession<Profile>(profile: (session: Session) => Promise<Profile>): Promise<Profile> {
  const session = new Session();
  session.connect();
  try {
    return await profile(session);
  } finally {
    session.disconnect();
  }
}
