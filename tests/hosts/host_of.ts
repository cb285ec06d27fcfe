import {
  DurableObjectHost,
  type DurableObjectHostOptions,
  DurableObjectRuns,
} from "@stepstream/workflow/hosts/durable-object";
import type { FakeObject } from "./fake_object.ts";

/** A host in an object, and how a Worker sees it. */
export function hostOf(object: FakeObject, options: DurableObjectHostOptions): {
  readonly host: DurableObjectHost;
  readonly runs: DurableObjectRuns;
} {
  const host = new DurableObjectHost(object, options);
  const stub = { fetch: (request: Request) => host.fetch(request) };
  return { host, runs: new DurableObjectRuns({ idFromName: (name) => name, get: () => stub }, options) };
}
