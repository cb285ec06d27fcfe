/**
 * Checks the links of a page in the terminal.
 *
 * @module
 */

import { parseArgs } from "node:util";
import * as v from "valibot";
import { checkInputSchema } from "./check_input.ts";
import { createDemoSite, DEMO_PATH } from "./demo_site.ts";
import { formatReport } from "./format_report.ts";
import { createGuardedFetch } from "./guarded_fetch.ts";
import type { LinkReport } from "./link_report.ts";
import { Progress } from "./progress.ts";
import { toPublicError } from "./public_error.ts";
import { resolveHost } from "./resolve_host.ts";
import { complain, say } from "./say.ts";
import { createLinkCheck, LINKS_AT_ONCE } from "./workflow.ts";

const USAGE = `Usage: deno task demo [url] [options]

Checks the links of a page. Without a url it serves a small demo site on this machine and checks that.

Options:
  --max-links <number>   How many links are checked. Default: 100
  --slow-ms <number>     From how many milliseconds on a link is slow. Default: 1000
  --allow-private        Check private and local addresses too
  --help                 Show this

Exit code: 0 all links work, 1 some are broken or the page cannot be read, 2 bad usage, 130 stopped by Ctrl-C.
`;

/** Runs the command; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === "string") return complain(`${options}\n\n${USAGE}`, 2);
  if (options.isHelp) return say(USAGE);
  if (options.url !== null) return await check(options.url, options);

  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, createDemoSite().fetch);
  try {
    const { origin, href } = new URL(DEMO_PATH, `http://127.0.0.1:${server.addr.port}`);
    say("No url was given: checking the demo site, which has broken links on purpose.\n");
    return await check(href, { ...options, allowedOrigins: [origin] });
  } finally {
    await server.shutdown();
  }
}

interface CheckOptions {
  readonly maxLinks: number;
  readonly slowMs: number;
  readonly allowPrivate: boolean;
  readonly allowedOrigins?: readonly string[];
}

async function check(url: string, { maxLinks, slowMs, ...guard }: CheckOptions): Promise<number> {
  const linkCheck = createLinkCheck({
    fetch: createGuardedFetch({ ...guard, resolve: resolveHost }),
    maxLinks,
    slowMs,
  });
  const run = linkCheck.stream("fetch-page", { url }, { concurrency: LINKS_AT_ONCE });
  const stop = (): void => void run.cancel();
  Deno.addSignalListener("SIGINT", stop);
  const isTerminal = Deno.stdout.isTerminal();
  const progress = new Progress({ write: say, columns: isTerminal ? Deno.consoleSize().columns || 80 : null });
  try {
    let report: LinkReport | null = null;
    for await (const event of run) {
      progress.show(event);
      if (event.type === "step.result" && event.step === "report") report = event.result.value;
    }
    progress.clear();
    if (report === null) return complain("Stopped.", 130);
    say(formatReport(report, { isColored: isTerminal && !Deno.noColor }));
    return report.broken === 0 ? 0 : 1;
  } catch (error) {
    progress.clear();
    return complain(toPublicError(error).message, 1);
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
}

/** The options, or what is wrong with them. */
function readOptions(args: readonly string[]): CheckOptions & { url: string | null; isHelp: boolean } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "max-links": { type: "string", default: "100" },
        "slow-ms": { type: "string", default: "1000" },
        "allow-private": { type: "boolean", default: false },
        "help": { type: "boolean", default: false },
      },
    });
    const [url = null, ...more] = positionals;
    if (more.length > 0) return "Give one url, no more";
    if (url !== null) {
      const input = v.safeParse(checkInputSchema, { url });
      if (!input.success) return `Cannot check ${url}: ${input.issues[0].message}`;
    }
    const maxLinks = toWholeNumber(values["max-links"]);
    if (maxLinks === null) return `--max-links must be a whole number from 1 on: ${values["max-links"]}`;
    const slowMs = toWholeNumber(values["slow-ms"]);
    if (slowMs === null) return `--slow-ms must be a whole number from 1 on: ${values["slow-ms"]}`;
    return { url, maxLinks, slowMs, allowPrivate: values["allow-private"], isHelp: values.help };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function toWholeNumber(text: string): number | null {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

// At the end, when everything above is defined.
if (import.meta.main) Deno.exit(await main(Deno.args));
