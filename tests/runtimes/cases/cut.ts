/** So much of a stream gets through a cut: more than all that a step tells, so that every try gets further. */
const CUT_AFTER_BYTES = 1_500;

/** Lets the first part of a stream of events through, then lets go of it; other answers are left as they are. */
export function cut(response: Response, end: "closed" | "broken"): Response {
  const { body, status, headers } = response;
  if (body === null || headers.get("content-type") !== "text/event-stream") return response;
  const reader = body.getReader();
  let left = CUT_AFTER_BYTES;
  const through = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await reader.read();
      if (done) return controller.close();
      controller.enqueue(value.subarray(0, left));
      left -= value.length;
      if (left > 0) return;
      await reader.cancel();
      if (end === "closed") controller.close();
      else controller.error(new TypeError("The connection is lost"));
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return new Response(through, { status, headers });
}
