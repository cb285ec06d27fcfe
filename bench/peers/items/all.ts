import { asyncChain } from "./async_chain.ts";
import { chain } from "./chain.ts";
import { cut } from "./cut.ts";
import { fanOut } from "./fan_out.ts";
import { firstEvent } from "./first_event.ts";
import type { Item } from "./item.ts";
import { logs } from "./logs.ts";
import { memory } from "./memory.ts";
import { pool } from "./pool.ts";
import { sseToMany, sseToOne } from "./sse.ts";

/** All that is measured inside of a process; what a process itself costs is in `cold_start.ts`. */
export const ITEMS: readonly Item[] = [
  chain,
  asyncChain,
  fanOut,
  logs,
  pool,
  firstEvent,
  cut,
  memory,
  sseToOne,
  sseToMany,
];
