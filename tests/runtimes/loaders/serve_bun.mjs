// bun serve_bun.mjs <bundle>
// Serves the site with Bun.serve until its input ends. It prints its address.

import process from "node:process";

const { serveSite } = await import(process.argv[2]);
const server = globalThis.Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => serveSite(request) });

process.stdout.write(`http://127.0.0.1:${server.port}\n`);
process.stdin.resume().on("end", () => process.exit());
