import { assertEquals } from "@std/assert";
import { RefusedUrlError } from "../../../examples/link_check/guarded_fetch.ts";
import { describeNetworkError } from "../../../examples/link_check/network_error.ts";

const DESCRIBED: readonly (readonly [runtime: string, error: unknown, reason: string])[] = [
  [
    "Deno, refused",
    new TypeError("fetch failed", {
      cause: new Error(
        "error sending request for url (http://x/): client error (Connect): Connection refused (os error 111)",
      ),
    }),
    "Connection refused",
  ],
  [
    "Deno, no such host",
    new TypeError("fetch failed", {
      cause: new Error(
        "client error (Connect): dns error: failed to lookup address information: Name or service not known",
      ),
    }),
    "Host not found",
  ],
  ["Deno, certificate", new TypeError("invalid peer certificate: UnknownIssuer"), "No secure connection"],
  ["Deno, cut", new TypeError("error sending request: connection closed before message completed"), "Connection lost"],
  ["Deno, port", new TypeError("Fetch failed: Requests to port 1 are blocked"), "Port not allowed"],
  ["Node, refused", nodeError("ECONNREFUSED"), "Connection refused"],
  ["Node, no such host", nodeError("ENOTFOUND"), "Host not found"],
  ["Node, reset", nodeError("ECONNRESET"), "Connection lost"],
  ["Node, slow", nodeError("UND_ERR_CONNECT_TIMEOUT"), "Connection timed out"],
  ["Node, no way", nodeError("EHOSTUNREACH"), "Host not reachable"],
  ["the guard", new TypeError("x", { cause: new RefusedUrlError("Refused: it is private") }), "Refused: it is private"],
  ["anything else", new TypeError("secret 10.0.0.7"), "No connection"],
  ["no error at all", "secret", "No connection"],
];

for (const [runtime, error, reason] of DESCRIBED) {
  Deno.test(`describeNetworkError() knows ${runtime}: ${reason}`, () => {
    assertEquals(describeNetworkError(error), reason);
  });
}

function nodeError(code: string): Error {
  return new TypeError("fetch failed", { cause: Object.assign(new Error("of 10.0.0.7:80"), { code }) });
}
