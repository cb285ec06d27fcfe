import type { StepEvent } from "@stepstream/workflow";
import { printable } from "./printable.ts";
import { toPublicError } from "./public_error.ts";
import type { LinkCheckEvent, LinkCheckReturns, LinkCheckSteps } from "./workflow.ts";

/** Where and how {@linkcode Progress} is shown. */
export interface ProgressOptions {
  readonly write: (text: string) => void;
  /** The width of the terminal; `null` if there is no terminal, and then everything is a line of its own. */
  readonly columns: number | null;
}

/** Shows how far a run is, while it runs: in a terminal by one line that is rewritten, with retries above it. */
export class Progress {
  readonly #options: ProgressOptions;
  /** The links that are being checked, by their tokens. */
  readonly #atWork = new Map<number, string>();
  #total = 0;
  #checked = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Takes in one event of the run. */
  show(event: LinkCheckEvent): void {
    if (!("token" in event)) return;
    if (event.step === "check-link") return this.#showLink(event);
    if (event.step !== "fetch-page") return;
    if (event.type === "step.start") this.#tell(`Reading ${event.payload.url}`);
    if (event.type === "step.result") this.#total = event.result.value?.links.length ?? 0;
  }

  /** Removes the progress line. */
  clear(): void {
    if (this.#options.columns !== null) this.#options.write(CLEAR_LINE);
  }

  #showLink(event: StepEvent<LinkCheckSteps, LinkCheckReturns, "check-link">): void {
    const { token } = event;
    if (event.type === "step.start") {
      this.#atWork.set(token, event.payload.url);
      this.#tell(this.#options.columns === null ? `Checking ${event.payload.url}` : this.#count());
    } else if (event.type === "step.retry") {
      const { message } = toPublicError(event.error);
      this.#note(`${message}, trying again ${after(event.delayMs)}: ${this.#atWork.get(token)}`);
    } else if (event.type === "step.result") {
      this.#checked += 1;
      this.#atWork.delete(token);
      if (this.#options.columns !== null) this.#tell(this.#count());
    }
  }

  #count(): string {
    const links = [...this.#atWork.values()];
    return `${bar(this.#checked / this.#total)} ${this.#checked} of ${this.#total}, ${links.length} at work  ${
      links.at(-1) ?? ""
    }`;
  }

  /** Writes something that stays. */
  #note(text: string): void {
    this.clear();
    this.#options.write(`${printable(text)}\n`);
    if (this.#options.columns !== null) this.#tell(this.#count());
  }

  #tell(text: string): void {
    const { write, columns } = this.#options;
    const line = printable(text);
    // A line as wide as the terminal would wrap, and `\r` takes back only its last row.
    write(columns === null ? `${line}\n` : `${CLEAR_LINE}${line.slice(0, columns - 1)}`);
  }
}

const CLEAR_LINE = "\r\x1b[K";

function after(delayMs: number): string {
  const seconds = Math.round(delayMs / 100) / 10;
  return seconds === 0 ? "at once" : `in ${seconds} s`;
}

function bar(share: number): string {
  const width = 20;
  const done = Math.round(share * width);
  return `[${"#".repeat(done)}${".".repeat(width - done)}]`;
}
