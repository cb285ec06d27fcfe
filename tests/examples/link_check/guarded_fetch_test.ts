import { assertEquals, assertRejects } from "@std/assert";
import { createGuardedFetch, type GuardOptions, RefusedUrlError } from "../../../examples/link_check/guarded_fetch.ts";

const REFUSED: readonly (readonly [why: string, url: string])[] = [
  ["file", "file:///etc/passwd"],
  ["data", "data:text/html,x"],
  ["ftp", "ftp://example.com/"],
  ["javascript", "javascript:alert(1)"],
  ["credentials", "http://user:secret@example.com/"],
  ["user name alone", "http://user@example.com/"],
  ["loopback", "http://127.0.0.1/"],
  ["loopback, not the first", "http://127.255.255.254/"],
  ["loopback as one number", "http://2130706433/"],
  ["loopback in hexadecimal", "http://0x7f.1/"],
  ["loopback in octal", "http://0177.0.0.1/"],
  ["loopback, short", "http://127.1/"],
  ["loopback in wide digits", "http://１２７.０.０.１/"],
  ["loopback with a dot behind", "http://127.0.0.1./"],
  ["unspecified", "http://0.0.0.0/"],
  ["this network", "http://0.1.2.3/"],
  ["private 10/8", "http://10.0.0.1/"],
  ["private 172.16/12", "http://172.31.255.255/"],
  ["private 192.168/16", "http://192.168.1.1/"],
  ["carrier-grade NAT", "http://100.64.0.1/"],
  ["link-local", "http://169.254.1.1/"],
  ["cloud metadata", "http://169.254.169.254/latest/meta-data/"],
  ["protocol assignments", "http://192.0.0.1/"],
  ["documentation", "http://192.0.2.1/"],
  ["benchmarking", "http://198.18.0.1/"],
  ["multicast", "http://224.0.0.1/"],
  ["reserved", "http://240.0.0.1/"],
  ["broadcast", "http://255.255.255.255/"],
  ["IPv6 unspecified", "http://[::]/"],
  ["IPv6 loopback", "http://[::1]/"],
  ["IPv6 loopback in full", "http://[0:0:0:0:0:0:0:1]/"],
  ["IPv4-mapped loopback", "http://[::ffff:127.0.0.1]/"],
  ["IPv4-mapped private", "http://[::ffff:a00:1]/"],
  ["IPv4-compatible", "http://[::127.0.0.1]/"],
  ["NAT64", "http://[64:ff9b::a00:1]/"],
  ["local NAT64", "http://[64:ff9b:1::a00:1]/"],
  ["6to4", "http://[2002:7f00:1::]/"],
  ["Teredo", "http://[2001::1]/"],
  ["unique local", "http://[fd00::1]/"],
  ["IPv6 link-local", "http://[fe80::1]/"],
  ["site-local", "http://[fec0::1]/"],
  ["IPv6 multicast", "http://[ff02::1]/"],
  ["IPv6 documentation", "http://[2001:db8::1]/"],
  ["discard", "http://[100::1]/"],
  ["localhost", "http://localhost/"],
  ["localhost in capitals", "http://LOCALHOST/"],
  ["localhost with a dot behind", "http://localhost./"],
  ["below localhost", "http://app.localhost/"],
  ["a name without a dot", "http://intranet/"],
  ["mDNS", "http://printer.local/"],
  ["internal", "http://metadata.google.internal/"],
  ["home network", "http://router.home.arpa/"],
];

const ALLOWED: readonly string[] = [
  "http://example.com/",
  "https://example.com:8443/path?query",
  "http://8.8.8.8/",
  "http://172.32.0.1/",
  "http://100.128.0.1/",
  "http://[2606:4700:4700::1111]/",
  "http://[::ffff:8.8.8.8]/",
  "http://local.example.com/",
];

for (const [why, url] of REFUSED) {
  Deno.test(`createGuardedFetch() refuses ${why}: ${url}`, async () => {
    const { fetch, fetched } = guarded({});

    await assertRejects(() => fetch(new URL(url), {}), RefusedUrlError, "Refused: ");

    assertEquals(fetched, []);
  });
}

for (const url of ALLOWED) {
  Deno.test(`createGuardedFetch() lets through ${url}`, async () => {
    const { fetch, fetched } = guarded({});

    await fetch(new URL(url), {});

    assertEquals(fetched, [new URL(url).href]);
  });
}

Deno.test("createGuardedFetch() never follows a redirect, whatever it is asked", async () => {
  const modes: unknown[] = [];
  const fetch = createGuardedFetch({
    fetch: (_url, init) => {
      modes.push(init.redirect);
      return Promise.resolve(new Response());
    },
  });

  await fetch(new URL("http://example.com/"), { redirect: "follow" });

  assertEquals(modes, ["manual"]);
});

Deno.test("createGuardedFetch() refuses a name if one of its addresses is private, and does not tell the address", async () => {
  for (const addresses of [["10.0.0.1"], ["8.8.8.8", "::1"], ["2606:4700:4700::1111", "192.168.0.1"], ["nonsense"]]) {
    const { fetch, fetched } = guarded({ resolve: () => Promise.resolve(addresses) });

    const refusal = await assertRejects(() => fetch(new URL("http://rebound.example/"), {}), RefusedUrlError);

    assertEquals(String(refusal), "RefusedUrlError: Refused: rebound.example does not lead to a public address");
    assertEquals(fetched, []);
  }
});

Deno.test("createGuardedFetch() refuses a name that leads nowhere", async () => {
  const { fetch, fetched } = guarded({ resolve: () => Promise.resolve([]) });

  await assertRejects(
    () => fetch(new URL("http://nowhere.example/"), {}),
    RefusedUrlError,
    "Refused: nowhere.example does not lead to a public address",
  );

  assertEquals(fetched, []);
});

Deno.test("createGuardedFetch() lets a name through that leads to public addresses alone", async () => {
  const resolved: string[] = [];
  const { fetch, fetched } = guarded({
    resolve: (hostname) => {
      resolved.push(hostname);
      return Promise.resolve(["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"]);
    },
  });

  await fetch(new URL("https://example.com./a"), {});

  assertEquals(resolved, ["example.com"]);
  assertEquals(fetched, ["https://example.com./a"]);
});

Deno.test("createGuardedFetch() fetches nothing if the name cannot be looked up", async () => {
  const { fetch, fetched } = guarded({ resolve: () => Promise.reject(new Error("no DNS today")) });

  await assertRejects(() => fetch(new URL("http://example.com/"), {}), Error, "no DNS today");

  assertEquals(fetched, []);
});

Deno.test("createGuardedFetch() hands the signal to the look-up", async () => {
  const { signal } = new AbortController();
  const signals: unknown[] = [];
  const { fetch } = guarded({
    resolve: (_hostname, signal) => {
      signals.push(signal);
      return Promise.resolve(["8.8.8.8"]);
    },
  });

  await fetch(new URL("http://example.com/"), { signal });

  assertEquals(signals[0] === signal, true);
});

Deno.test("createGuardedFetch() lets an allowed origin through, and neither its other ports nor its other scheme", async () => {
  const { fetch, fetched } = guarded({ allowedOrigins: ["http://127.0.0.1:8000"] });

  await fetch(new URL("http://127.0.0.1:8000/demo/"), {});
  await assertRejects(() => fetch(new URL("http://127.0.0.1:8001/"), {}), RefusedUrlError);
  await assertRejects(() => fetch(new URL("https://127.0.0.1:8000/"), {}), RefusedUrlError);

  assertEquals(fetched, ["http://127.0.0.1:8000/demo/"]);
});

Deno.test("createGuardedFetch() lets private addresses through where they are allowed, and still no credentials", async () => {
  const { fetch, fetched } = guarded({ allowPrivate: true });

  await fetch(new URL("http://192.168.0.1/"), {});
  await fetch(new URL("http://localhost/"), {});
  await assertRejects(() => fetch(new URL("http://user:secret@192.168.0.1/"), {}), RefusedUrlError);
  await assertRejects(() => fetch(new URL("file:///etc/passwd"), {}), RefusedUrlError);

  assertEquals(fetched, ["http://192.168.0.1/", "http://localhost/"]);
});

function guarded(options: GuardOptions) {
  const fetched: string[] = [];
  const fetch = createGuardedFetch({
    ...options,
    fetch: (url) => {
      fetched.push(url.href);
      return Promise.resolve(new Response());
    },
  });
  return { fetch, fetched };
}
