// The model of the whole protocol: what a request must be answered with, and what stands afterwards, from docs/protocol.md alone. It
// shares nothing with the server's sources, so that a mistake would have to be made twice to go unseen.
import { expectCreation, expectMerge, expectPairs, expectSetDeletion } from "./collection-writes.ts";
import { expectPatch } from "./edits.ts";
import { expectRead } from "./entry-reads.ts";
import { expectDelete, expectPut } from "./entry-writes.ts";
import { asText, type Expectation, expecting, refusing, withoutBody } from "./expectation.ts";
import { expectListing } from "./listings.ts";
import { type Answer, type Ask, fieldOf, type Span } from "./messages.ts";
import { placeOf, splitTarget } from "./targets.ts";
import { expectTransaction } from "./transactions.ts";
import type { World } from "./world.ts";

/** Of each answer its own, also where it is given again. */
const OWN_FIELDS = ["date", "x-request-id", "connection", "idempotency-replayed"];
const ONCE_METHODS = ["PUT", "POST", "PATCH", "DELETE"];

/** Changes the world as the request changes the store. */
export function expectAnswer(world: World, ask: Ask, span: Span): Expectation {
  const expected = expectOnce(world, ask, span);
  const takesText = expected.status >= 400 && fieldOf(ask, "accept")?.startsWith("text/plain") === true;
  const shown = takesText ? asText(expected) : expected;
  return ask.method === "HEAD" ? withoutBody(shown) : shown;
}

function expectOnce(world: World, ask: Ask, span: Span): Expectation {
  const once = onceKey(ask);
  if (once === null) return expectPlain(world, ask, span);
  if (!/^(?:"[\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e][\x21-\x7e]{0,254})$/.test(once))
    return refusing(400, "invalid-header");
  const earlier = world.once.get(unquoted(once));
  if (earlier === undefined) {
    const expected = expectPlain(world, ask, span);
    return expecting(expected.status, ...expected.checks, isNoReplay, (answer) => remember(world, ask, answer));
  }
  if (!areTheSame(earlier.ask, ask)) return refusing(422, "idempotency-key-reused");
  return expecting(earlier.answer.status, (answer) => differsFrom(earlier.answer, answer));
}

function expectPlain(world: World, ask: Ask, span: Span): Expectation {
  const { path, query } = splitTarget(ask.target);
  const place = placeOf(path);
  if (place.kind === "bad key") return refusing(400, "invalid-key");
  if (query === null) return refusing(400, "invalid-parameter");
  if (place.kind === "collection") return expectCollection(world, ask, span);
  if (place.kind === "transaction") return expectTransaction(world, ask, query, span);
  const entryAsk = { ask, key: place.key, dialect: place.kind, query, span };
  switch (ask.method) {
    case "GET":
    case "HEAD":
      return expectRead(world, entryAsk);
    case "PUT":
      return expectPut(world, entryAsk);
    case "PATCH":
      return expectPatch(world, entryAsk);
    case "DELETE":
      return expectDelete(world, entryAsk);
    default:
      return refusing(405, "method-not-allowed");
  }
}

function expectCollection(world: World, ask: Ask, span: Span): Expectation {
  const query = splitTarget(ask.target).query ?? [];
  switch (ask.method) {
    case "GET":
    case "HEAD":
      return expectListing(world, ask, query, span);
    case "POST":
      return expectCreation(world, { ask, query, span });
    case "PUT":
      return expectPairs(world, { ask, query, span });
    case "PATCH":
      return expectMerge(world, { ask, query, span });
    case "DELETE":
      return expectSetDeletion(world, { ask, query, span });
    default:
      return refusing(405, "method-not-allowed");
  }
}

function onceKey(ask: Ask): string | null {
  return ONCE_METHODS.includes(ask.method) ? fieldOf(ask, "idempotency-key") : null;
}

function unquoted(key: string): string {
  return key.startsWith('"') ? key.slice(1, -1) : key;
}

function areTheSame(one: Ask, other: Ask): boolean {
  const [type, otherType] = [one, other].map((ask) => fieldOf(ask, "content-type"));
  return one.method === other.method && one.target === other.target && one.body === other.body && type === otherType;
}

function isNoReplay({ fields }: Answer): string | null {
  return fields.has("idempotency-replayed") ? "an answer from a record that there cannot be" : null;
}

/** What was committed is kept; a transaction that only reads leaves none, and is not sent with a key here. */
function remember(world: World, ask: Ask, answer: Answer): null {
  const once = onceKey(ask);
  if (once !== null && answer.status < 300) world.once.set(unquoted(once), { ask, answer });
  return null;
}

function differsFrom(first: Answer, again: Answer): string | null {
  if (again.fields.get("idempotency-replayed") !== "true") return "no Idempotency-Replayed: true";
  if (again.body !== first.body)
    return `expected the first body ${JSON.stringify(first.body)}, got ${JSON.stringify(again.body)}`;
  for (const name of new Set([...first.fields.keys(), ...again.fields.keys()])) {
    const [before, after] = [first.fields.get(name), again.fields.get(name)];
    if (before !== after && !OWN_FIELDS.includes(name)) return `expected the first ${name}: ${before}, got ${after}`;
  }
  return null;
}
