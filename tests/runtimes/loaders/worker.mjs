// A Worker that serves the site; workerd has the bundle in the place of the cases. Each case is run in a request of its
// own, since nothing may be at work outside of one.

import { runCase, serveSite } from "../cases/mod.ts";

export default {
  async fetch(request, _env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/case") return await serveSite(request, (done) => context.waitUntil(done));
    return Response.json(await runCase(searchParams.get("name"), { origin: searchParams.get("origin") }));
  },
};
