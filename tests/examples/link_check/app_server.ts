import type { Runner } from "@stepstream/workflow/runner";
import { type AppOptions, createApp } from "../../../examples/link_check/create_app.ts";
import { LocalServer } from "../../tools/local_server.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** The app on a free port of this machine, for as long as it is in scope. Leaving the scope cuts what is still open. */
export class AppServer implements AsyncDisposable {
  readonly origin: string;
  readonly runner: Runner;
  readonly #server: LocalServer;

  /** @param inFrontOf What stands between clients and the app. Default: nothing */
  constructor(options: AppOptions = {}, inFrontOf: (app: Handler) => Handler = (app) => app) {
    const { app, runner } = createApp(options);
    this.runner = runner;
    this.#server = new LocalServer(inFrontOf(app.fetch));
    this.origin = this.#server.origin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.runner.close({ timeoutMs: 0 });
    await this.#server[Symbol.asyncDispose]();
  }
}
