import type { DurableObjectSqlStorage } from "../../stores/durable_object_storage.ts";

/** What a host touches of the state that a Durable Object is made with. */
export interface RunObjectState {
  /** The object's storage, which has to be one with SQLite. */
  readonly storage: RunObjectStorage;
}

/** What a host touches of an object's storage. */
export interface RunObjectStorage extends DurableObjectSqlStorage {
  /** Wakes the object at a time, in epoch ms. */
  setAlarm(at: number): Promise<void>;
  /** Takes that back. */
  deleteAlarm(): Promise<void>;
  /** Deletes all there is. */
  deleteAll(): Promise<void>;
}

/** The namespace of the objects, as a Worker has it in its `env`. */
export interface RunObjectNamespace {
  /** The id of the object of a name. */
  idFromName(name: string): unknown;
  /** The object of an id. */
  get(id: unknown): RunObjectStub;
}

/** An object as a Worker sees it. */
export interface RunObjectStub {
  /** Asks the object. */
  fetch(request: Request): Promise<Response>;
}
