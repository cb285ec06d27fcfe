/**
 * `deploy.ts` whose cron is due as soon as it is there, and whose database does not open where cron was not registered
 * at once, as Deno Deploy wants it.
 *
 * @module
 */

const { cron, openKv } = Deno;
let isRegistered = false;

const openKvLater: typeof openKv = async (path) => {
  await undefined;
  if (!isRegistered) throw new Error("Cannot open the database, because there is no cron yet");
  return await openKv(path);
};

const dueAtOnce = async (name: string, schedule: string, handler: () => Promise<void>): Promise<void> => {
  // What the true one refuses is refused here, too.
  cron(name, schedule, handler);
  isRegistered = true;
  await handler();
  // deno-lint-ignore no-console
  console.log(`cron "${name}" at "${schedule}" has ended`);
};

Object.defineProperties(Deno, { cron: { value: dueAtOnce }, openKv: { value: openKvLater } });

// Not before Deno is as it has to be.
const { default: server } = await import("../../../examples/link_check/deploy.ts");

export default server;
