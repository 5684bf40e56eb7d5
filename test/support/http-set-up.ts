// What tests over HTTP begin with, and which of them a store in partitions has no answer to. Set-ups write several keys
// together where the store can hold any, else each by itself, so that the test is about what comes after.
import { parseJsonObject } from "../../src/wire/json-object.ts";
import type { HttpAnswer } from "./http-client.ts";
import type { TestServer } from "./http-harness.ts";
import { endEarly } from "./suite-tally.ts";

/** Requests that are sent at once. */
const AT_ONCE = 50;

type Server = Pick<TestServer, "http" | "capabilities">;

/** Creates entries. @param json - an object of pairs, as POST /keys takes it @param query - as in "?expire_in=60" */
export async function createAll(server: Server, json: string, query = ""): Promise<void> {
  const bodies = holdsAnyKeys(server)
    ? [json]
    : parseJsonObject(json).map(({ name, text }) => `{${JSON.stringify(name)}: ${text}}`);
  await sendAll(bodies.map((body) => () => server.http.postJson(`/keys${query}`, body)));
}

/** Sets pairs, as PUT /keys?name=value does. @param options - further parameters, as in "expire_in=60" */
export async function setAll(server: Server, pairs: Readonly<Record<string, string>>, options = ""): Promise<void> {
  const written = Object.entries(pairs).map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  const queries = holdsAnyKeys(server) ? [written.join("&")] : written;
  const rest = options === "" ? "" : `&${options}`;
  await sendAll(queries.map((query) => () => server.http.send(`PUT /keys?${query}${rest}`)));
}

/** Whether one request may write any keys together. */
export function holdsAnyKeys({ capabilities }: Pick<TestServer, "capabilities">): boolean {
  return capabilities.atomicity === "store";
}

/**
 * Whether the test must end here, as it is about keys that lie apart in this store; printed, and counted by the suite. What
 * it is about is held to by the run on one partition, and of keys that lie together by partitions.suite.ts.
 */
export function needsOnePartition(server: Pick<TestServer, "capabilities">): boolean {
  if (holdsAnyKeys(server)) return false;
  endEarly("about a batch of keys that lie in different partitions");
  return true;
}

async function sendAll(requests: readonly (() => Promise<HttpAnswer>)[]): Promise<void> {
  for (let from = 0; from < requests.length; from += AT_ONCE) {
    const answers = await Promise.all(requests.slice(from, from + AT_ONCE).map((send) => send()));
    const refused = answers.find(({ status }) => status >= 300);
    if (refused !== undefined) throw new Error(`The set-up was answered ${refused.status}: ${refused.text}`);
  }
}
