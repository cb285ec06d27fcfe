import { cpus, totalmem } from "node:os";

/** What it is measured on, in a line, with how busy it is now: ask before the bench makes it so. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const memoryGb = (totalmem() / 2 ** 30).toFixed(0);
  const [load = NaN] = Deno.loadavg();
  return `${cpus().length} cores (${cpu?.model.trim()}) with a load of ${load.toFixed(1)} before the bench began, ` +
    `${memoryGb} GB, ${Deno.build.os} ${Deno.build.arch}; Deno ${Deno.version.deno}, V8 ${Deno.version.v8}`;
}
