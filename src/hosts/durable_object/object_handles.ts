import type { DurableObjectSqlStorage } from "../../stores/durable_object_storage.ts";

/** What a host uses of the state that a Durable Object is constructed with. */
export interface RunObjectState {
  /** The object's storage, which has to be backed by SQLite. */
  readonly storage: RunObjectStorage;
}

/** What a host uses of an object's storage. */
export interface RunObjectStorage extends DurableObjectSqlStorage {
  /** Sets the object's alarm, in epoch ms. */
  setAlarm(at: number): Promise<void>;
  /** Cancels the alarm. */
  deleteAlarm(): Promise<void>;
  /** Deletes everything in the storage. */
  deleteAll(): Promise<void>;
}

/** The namespace of the objects, as a Worker has it in its `env`. */
export interface RunObjectNamespace {
  /** The id of the object with this name. */
  idFromName(name: string): unknown;
  /** The object with this id. */
  get(id: unknown): RunObjectStub;
}

/** A Durable Object as a Worker sees it. */
export interface RunObjectStub {
  /** Sends the object a request. */
  fetch(request: Request): Promise<Response>;
}
