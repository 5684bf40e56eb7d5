// Short links at the edge: an entry of Keyhold is where a link leads, and a counter how often it was followed. Plain fetch and
// nothing else, so that it runs on Cloudflare Workers, Deno, Bun, Vercel and the like; KEYHOLD_URL and KEYHOLD_TOKEN are its settings.

const KNOWN_MS = 60_000; // For so long an answer is given again without a look at all.
const TRY_MS = 2_000;

/** What this instance knows: name → { location, etag, at }. It may be thrown away at any time. */
const known = new Map();

export default {
  async fetch(request, env, context) {
    const name = new URL(request.url).pathname.slice(1);
    if (!/^[a-z0-9-]{1,64}$/.test(name)) return new Response("No such link\n", { status: 404 });
    const location = await locate(name, env);
    if (location === null) return new Response("No such link\n", { status: 404 });
    const counting = count(name, request, env);
    // The visitor does not wait for the counter, where the platform lets us finish behind the answer.
    if (context?.waitUntil === undefined) await counting;
    else context.waitUntil(counting);
    return new Response(null, { status: 302, headers: { Location: location } });
  },
};

/** Where the link leads; null where there is none. */
async function locate(name, env) {
  const before = known.get(name);
  if (before !== undefined && Date.now() - before.at < KNOWN_MS) return before.location;
  const answer = await ask(env, `links/${name}`, {
    headers: { Accept: "text/plain", ...(before !== undefined && { "If-None-Match": before.etag }) },
  }).catch(() => null);
  // An old answer is better than none while the server is away.
  if (answer === null || answer.status >= 500) return before?.location ?? null;
  if (answer.status === 304) return keep(name, before.location, before.etag);
  if (answer.ok) return keep(name, await answer.text(), answer.headers.get("etag"));
  known.delete(name);
  return null;
}

function keep(name, location, etag) {
  known.set(name, { location, etag, at: Date.now() });
  return location;
}

/** Tried twice under one name, so that a lost answer does not count a visit twice; then it is let go. */
async function count(name, request, env) {
  const visit = request.headers.get("x-request-id") ?? crypto.randomUUID();
  for (let tried = 0; tried < 2; tried++) {
    const headers = { "Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": visit };
    const answer = await ask(env, `visits/${name}`, { method: "PATCH", body: "incr=1", headers }).catch(() => null);
    if (answer !== null && answer.status < 500) return;
  }
}

function ask(env, key, { headers, ...init }) {
  return fetch(`${env.KEYHOLD_URL}/keys/${key}`, {
    ...init,
    headers: { ...headers, ...(env.KEYHOLD_TOKEN && { Authorization: `Bearer ${env.KEYHOLD_TOKEN}` }) },
    signal: AbortSignal.timeout(TRY_MS),
  });
}
