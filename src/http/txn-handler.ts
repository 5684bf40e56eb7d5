// `POST /-/txn` (contract §10): checks, then operations, in one commit of one revision; where a check fails nothing is
// changed, and the else-branch is read at the instant of the judgement.
import { type Entry, type EntryInfo, hasValue } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { EpochMs } from "../core/expiry.ts";
import { LIMITS } from "../core/limits.ts";
import type { CommitResult, Outcome } from "../store/store.ts";
import { endOf, entryToMetaJson } from "../wire/entry-json.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { JsonText } from "../wire/json-text.ts";
import { readJsonText } from "./body.ts";
import type { CollectionRequest } from "./collection-handlers.ts";
import type { Reply } from "./exchange.ts";
import { refuseConditions } from "./preconditions.ts";
import { type Operation, readTransaction, type Transaction } from "./txn-body.ts";

type Failed = Extract<CommitResult, { committed: false }>;

export async function transact({ incoming, parameters, entries, maxValueBytes }: CollectionRequest): Promise<Reply> {
  parameters.requireKnown([]);
  refuseConditions(incoming);
  if (incoming.header(FIELD.ttl) !== null) {
    throw new KeyholdError("invalid-header", "Cannot apply TTL to a transaction: give expire_in in the operation");
  }
  const text = await readJsonText(incoming, LIMITS.transactionBytes);
  const transaction = readTransaction(text, { now: entries.now(), maxValueBytes });
  const { checks, operations, otherwise } = transaction;
  const mutations = [...checks, ...operations.map(({ mutation }) => mutation)];
  // Only an else-branch without a check: it is never read.
  if (mutations.length === 0) throw new KeyholdError("invalid-json", 'Cannot commit nothing: give "checks" or "ops"');
  const result = await entries.transact(mutations, otherwise).catch((error: unknown) => {
    throw withOperation(error, operations);
  });
  const now = entries.now();
  if (!result.committed) throw checkFailed(result, transaction, now);
  const shown = operations.map((operation, index) => {
    const outcome = result.outcomes[checks.length + index];
    if (outcome === undefined) throw new KeyholdError("internal", "The store answered no outcome");
    return `{"${operation.name}": ${showOutcome(operation, outcome, now)}}`;
  });
  const headers = { [FIELD.contentType]: MEDIA.json, [FIELD.revision]: String(result.revision) };
  return { status: 200, headers, body: `{"revision": ${result.revision}, "results": [${shown.join(", ")}]}` };
}

function showOutcome({ name, mutation }: Operation, { before, after }: Outcome, now: EpochMs): string {
  const key = JSON.stringify(mutation.key);
  switch (name) {
    case "put":
      return `{"key": ${key}, "created": ${before === null}${shownEnd(after, now)}}`;
    case "delete":
      return `{"key": ${key}, "deleted": ${before === null ? 0 : 1}}`;
    case "incr":
      return `{"key": ${key}, "value": ${shownValue(after)}, "created": ${before === null}${shownEnd(after, now)}}`;
    case "touch":
      return after === null ? "null" : `{"key": ${key}${shownEnd(after, now)}}`;
    case "get":
      return showEntry(after, now);
    default:
      return name satisfies never;
  }
}

/** A counter's text is a JSON number, whatever its type. */
function shownValue(after: EntryInfo | Entry | null): string {
  if (!hasValue(after)) throw new KeyholdError("internal", "The store answered no value");
  return new TextDecoder().decode(after.value);
}

function shownEnd(after: EntryInfo | null, now: EpochMs): string {
  const { expires_at, ttl } = endOf(after?.expiresAt ?? null, now);
  return `, "expires_at": ${JSON.stringify(expires_at)}, "ttl": ${JSON.stringify(ttl)}`;
}

function showEntry(entry: EntryInfo | Entry | null, now: EpochMs): string {
  return hasValue(entry) ? entryToMetaJson(entry, now) : "null";
}

function checkFailed(result: Failed, { checks, otherwise }: Transaction, now: EpochMs): KeyholdError {
  const failures = result.conflicts.map(({ index, current }) => ({
    check: index,
    key: checks[index]?.key,
    revision: current?.revision ?? null,
  }));
  const [first] = failures;
  const more = failures.length > 1 ? `, and ${failures.length - 1} more` : "";
  const standing = first?.revision === null ? "there is no entry" : `it stands at revision ${first?.revision}`;
  const reads = result.otherwise.map((entry) => `{"get": ${showEntry(entry, now)}}`);
  return new KeyholdError(
    "check-failed",
    `The check of ${JSON.stringify(first?.key)} does not hold: ${standing}${more}; nothing was changed`,
    { failures, ...(otherwise.length > 0 && { else: new JsonText(`[${reads.join(",")}]`) }) },
  );
}

/** An operation that does not fit what stands, as that of its place. */
function withOperation(error: unknown, operations: readonly Operation[]): unknown {
  if (!(error instanceof KeyholdError) || !("key" in error.data)) return error;
  const index = operations.findIndex(({ name, mutation }) => name === "incr" && mutation.key === error.data["key"]);
  if (index < 0) return error;
  return new KeyholdError(error.code, `${error.detail}; nothing was changed`, {
    ...error.data,
    operation: index,
  });
}
