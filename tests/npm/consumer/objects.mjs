/** Durable Objects where there are none: SQLite in WebAssembly is their storage, and timers wake them. */
import { createRequire } from "node:module";

const { Database } = await createRequire(import.meta.url)("sql.js")();

const DONE = Promise.resolve();

/** The state that an object is made with. `wake` is called when its alarm is due. */
export function createState(wake) {
  let database = new Database();
  let timer;
  const exec = (query, ...values) => {
    const rows = [];
    if (values.length === 0) database.exec(query);
    else for (const row of readRows(database.prepare(query, values))) rows.push(row);
    return { toArray: () => rows, rowsWritten: database.getRowsModified() };
  };
  const transactionSync = (work) => {
    database.exec("BEGIN");
    try {
      const value = work();
      database.exec("COMMIT");
      return value;
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  };
  return {
    storage: {
      sql: { exec },
      transactionSync,
      setAlarm(at) {
        clearTimeout(timer);
        timer = setTimeout(wake, at - Date.now());
        // An object that wants to be woken in a day keeps no program for so long.
        if (at - Date.now() > 60_000) timer.unref();
        return DONE;
      },
      deleteAlarm() {
        clearTimeout(timer);
        return DONE;
      },
      deleteAll() {
        database.close();
        database = new Database();
        return DONE;
      },
    },
  };
}

/** The namespace of objects of a class. */
export function createNamespace(Class) {
  const objects = new Map();
  return {
    idFromName: (name) => name,
    get(name) {
      if (!objects.has(name)) objects.set(name, new Class(createState(() => objects.get(name).alarm())));
      return objects.get(name);
    },
  };
}

function* readRows(statement) {
  try {
    while (statement.step()) yield statement.getAsObject();
  } finally {
    statement.free();
  }
}
