import { Workflow } from "@stepstream/workflow";

/** A workflow that says three words, each only when its listener has answered the one before. */
export class TalkingWorkflow {
  readonly workflow: Workflow;
  #answered = Promise.withResolvers<void>();

  constructor() {
    this.workflow = new Workflow().add({
      name: "talk",
      action: async (_ctx, _payload, log) => {
        for (const word of ["one", "two", "three"]) {
          log.event(word);
          await this.#answered.promise;
        }
      },
    });
  }

  /** Lets the next word be said. */
  answer(): void {
    const { resolve } = this.#answered;
    this.#answered = Promise.withResolvers();
    resolve();
  }
}
