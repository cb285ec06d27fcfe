import { assertEquals } from "@std/assert";
import { readLinks } from "../../../examples/link_check/read_links.ts";

const pageUrl = new URL("https://site.example/docs/page?a=1");

Deno.test("readLinks() resolves links against the page, drops fragments and tells each URL once", async () => {
  const html = `
    <a href="next">Next</a> <a href="next#part">The same</a> <a href="/top">Top</a> <a href="//other.example/x">Other</a>
    <a href="?b=2">Query</a> <a href="HTTP://Site.Example:80/Upper">Upper</a> <map><area href="area" alt="Area"></map>`;

  const { links } = await readLinks(page(html), { pageUrl, maxBytes: 1_000_000 });

  assertEquals(links, [
    { url: "https://site.example/docs/next", text: "Next" },
    { url: "https://site.example/top", text: "Top" },
    { url: "https://other.example/x", text: "Other" },
    { url: "https://site.example/docs/page?b=2", text: "Query" },
    { url: "http://site.example/Upper", text: "Upper" },
    { url: "https://site.example/docs/area", text: "Area" },
  ]);
});

Deno.test("readLinks() leaves out what is not http, what is no URL and the page itself", async () => {
  const html = `
    <a href="mailto:a@b.example">m</a><a href="tel:1">t</a><a href="javascript:alert(1)">j</a><a href="data:,x">d</a>
    <a href="http://[bad">b</a><a href="#top">top</a><a href="">self</a><a>none</a><a name="x">anchor</a>
    <!-- <a href="comment">c</a> --><script>"<a href='script'>s</a>"</script><link href="style.css">`;

  const { links } = await readLinks(page(html), { pageUrl, maxBytes: 1_000_000 });

  assertEquals(links, []);
});

Deno.test("readLinks() heeds the first base, also where it comes after a link", async () => {
  const html = `<a href="one">1</a><base href="/elsewhere/"><base href="/ignored/"><a href="two">2</a>`;

  const { links } = await readLinks(page(html), { pageUrl, maxBytes: 1_000_000 });

  assertEquals(links.map(({ url }) => url), [
    "https://site.example/elsewhere/one",
    "https://site.example/elsewhere/two",
  ]);
});

Deno.test("readLinks() ignores a base that is not http", async () => {
  const { links } = await readLinks(page(`<base href="data:,x"><a href="one">1</a>`), { pageUrl, maxBytes: 1_000_000 });

  assertEquals(links.map(({ url }) => url), ["https://site.example/docs/one"]);
});

Deno.test("readLinks() decodes entities and the page's charset, and shortens texts", async () => {
  const html = `<a href="?a&amp;b">A &lt;b&gt; \n  C</a><a href="long">${"x".repeat(200)}</a><a href="umlaut">\xfc</a>`;
  const bytes = Uint8Array.from(html, (character) => character.charCodeAt(0));
  const response = new Response(bytes, { headers: { "content-type": 'text/html; charset="windows-1252"' } });

  const { links } = await readLinks(response, { pageUrl, maxBytes: 1_000_000 });

  assertEquals(links, [
    { url: "https://site.example/docs/page?a&b", text: "A <b> C" },
    { url: "https://site.example/docs/long", text: "x".repeat(80) },
    { url: "https://site.example/docs/umlaut", text: "ü" },
  ]);
});

Deno.test("readLinks() reads no more of an endless page than it may, and cancels the rest", async () => {
  const chunk = new TextEncoder().encode(`<a href="one">1</a>${" ".repeat(1_000)}`);
  let pulls = 0;
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulls += 1;
      controller.enqueue(chunk);
    },
    cancel: () => {
      isCancelled = true;
    },
  }, { highWaterMark: 0 });

  const { links, bytes, isCut } = await readLinks(new Response(body), { pageUrl, maxBytes: 2_500 });

  assertEquals({ urls: links.length, bytes, isCut, pulls, isCancelled }, {
    urls: 1,
    bytes: 2_500,
    isCut: true,
    pulls: 3,
    isCancelled: true,
  });
});

Deno.test("readLinks() finds links that are cut between chunks, and none in no body", async () => {
  const html = `<p><a class="ä" href="one">Öne</a>`;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of new TextEncoder().encode(html)) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });

  const cut = await readLinks(new Response(body), { pageUrl, maxBytes: 1_000_000 });
  const none = await readLinks(new Response(null), { pageUrl, maxBytes: 1_000_000 });

  assertEquals(cut.links, [{ url: "https://site.example/docs/one", text: "Öne" }]);
  assertEquals(none, { links: [], bytes: 0, isCut: false });
});

function page(html: string): Response {
  return new Response(html, { headers: { "content-type": "text/html" } });
}
