// A little of everything that clients ask of a server, over and over, for as long as somebody measures it.
import type { Http } from "./http-client.ts";

/** Runs until the signal aborts, one round after another. @throws what a request that failed to be answered throws */
export async function runMixedLoad(http: Http, signal: AbortSignal): Promise<void> {
  const watch = await http.open("/keys?watch&prefix=k", { Accept: "application/x-ndjson" });
  const watching = drain(watch.texts());
  for (let round = 0; !signal.aborted; round++) await runRound(http, round);
  watch.close();
  await watching;
}

async function runRound(http: Http, round: number): Promise<void> {
  const key = `k${round % 100}`;
  await Promise.all([
    http.put(`/${key}`, "value".repeat(round % 50)),
    http.put(`/ending${round % 10}?expire_in=1`, "value"),
    http.put(`/named${round % 10}`, "value", { "Idempotency-Key": `"${round % 1000}"` }),
    http.patch("/counter", "increment=1"),
  ]);
  await Promise.all([
    http.get(`/${key}`),
    http.head(`/keys/${key}`),
    http.get("/missing"),
    http.get("/keys?limit=10"),
    http.get("/-/ready"),
    http.delete(`/k${(round + 50) % 100}`),
  ]);
}

/** A watch that is closed ends as it may. */
async function drain(texts: AsyncIterable<string>): Promise<void> {
  try {
    for await (const _text of texts);
  } catch {}
}
