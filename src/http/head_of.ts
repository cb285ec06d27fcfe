/**
 * The answer to HEAD by that to GET: its header, with the length of its body. Where GET streams, `response` is a 200
 * with no body.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-9.3.2}
 */
export async function headOf(response: Response): Promise<Response> {
  const { body, status } = response;
  // A stream has no length to tell. Of no body at all servers tell the length 0.
  if (body === null) return status === 200 ? new Response(emptyStream(), response) : response;
  const head = new Response(null, response);
  const { byteLength } = await response.arrayBuffer();
  head.headers.set("content-length", String(byteLength));
  return head;
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
