import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collectGarbage = vm.runInNewContext("gc") as () => void;

/** How many bytes of objects are alive. */
export function heapInUse(): number {
  collectGarbage();
  return Deno.memoryUsage().heapUsed;
}
