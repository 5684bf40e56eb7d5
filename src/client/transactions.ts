// `POST /-/txn`: several checks and operations in one commit; and what is best said as one: counters, whose exact end only a
// transaction tells, and puts of many entries.
import { FIELD, MEDIA } from "../wire/headers.ts";
import { elementsOf } from "../wire/json-object.ts";
import { askToWrite, type Context, expiryQuery, fullKey, ownKey } from "./context.ts";
import type { Entry } from "./entry.ts";
import { memberText, msLeft, parseAnswer, parseEntry, unexpected } from "./entry-json.ts";
import type { KeyholdError } from "./errors.ts";
import { dateAt, isJsonObject, type JsonObject, numberAt, textAt } from "./json-shape.ts";
import type { CallOptions, ExpiryOptions, IncrementOptions, NamedWrite } from "./options.ts";
import { problemOf } from "./problem.ts";
import { withOwnKey } from "./reads.ts";
import { toSeconds } from "./target.ts";
import type {
  Check,
  FailedCheck,
  IncrementPart,
  Operation,
  OperationResult,
  ResultingEnd,
  Transaction,
  TransactionResult,
} from "./transaction-parts.ts";
import { jsonViewOf, toJsonText, typeOf } from "./value-body.ts";

/** Where a counter stands after a step. */
export interface Counted {
  readonly value: number;
  readonly revision: number;
  /** Whether the step created it. */
  readonly isNew: boolean;
  /** To the millisecond; null for never. */
  readonly expiresAt: Date | null;
  /** Milliseconds left; null for a counter that does not end. */
  readonly ttlMs: number | null;
}

const decoder = new TextDecoder();
/** A check that fails, and an operation that does not fit. */
const CONFLICT = 409;

const IDEMPOTENT_OPERATIONS = ["put", "putJson", "get"];

/** All of it or nothing, at one instant. A failed check is an answer and no error. */
export async function transact(
  context: Context,
  transaction: Transaction,
  options: CallOptions & NamedWrite,
): Promise<TransactionResult> {
  const body = JSON.stringify({
    checks: transaction.checks?.map((check) => toCheck(context, check)),
    ops: transaction.ops?.map((operation) => toOperation(context, operation)),
    else: transaction.else?.map((key) => ({ get: { key: fullKey(context, key) } })),
  });
  const headers = { [FIELD.contentType]: MEDIA.json };
  const call = { method: "POST", target: "/-/txn", headers, body, accepts: [CONFLICT], options };
  const answer = await askToWrite(context, { ...call, isIdempotent: isIdempotent(transaction) });
  const text = decoder.decode(answer.body);
  if (answer.status !== CONFLICT) return readCommitted(context, text, transaction);
  const problem = problemOf(answer.status, answer.headers, text);
  if (problem.code !== "check-failed") throw problem;
  return readFailed(context, problem, text);
}

/** What is set whatever stood there is the same set twice. */
function isIdempotent({ checks = [], ops = [] }: Transaction): boolean {
  return checks.length === 0 && ops.every((operation) => IDEMPOTENT_OPERATIONS.some((name) => name in operation));
}

export async function increment(
  context: Context,
  { key, by }: { readonly key: string; readonly by: number },
  options: IncrementOptions,
): Promise<Counted> {
  const { signal, timeoutMs, idempotencyKey, ...terms } = options;
  const call = {
    ...(signal !== undefined && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
  const done = await transact(context, { ops: [{ increment: { ...terms, key, by } }] }, call);
  const [result] = done.committed ? done.results : [];
  if (!done.committed || result?.op !== "increment") throw unexpected("a transaction without its result");
  const { value, isNew, expiresAt, ttlMs } = result;
  return { value, revision: done.revision, isNew, expiresAt, ttlMs };
}

function toCheck(context: Context, check: Check): JsonObject {
  return { ...check, key: fullKey(context, check.key) };
}

/** As the protocol has it: its own names, seconds, values in the JSON view. */
function toOperation(context: Context, operation: Operation): JsonObject {
  if ("put" in operation) {
    const { key, value, contentType, ...ends } = operation.put;
    const content = { value: jsonViewOf(value), content_type: contentType ?? typeOf(value) };
    return { put: { key: fullKey(context, key), ...content, ...expiryMembers(ends) } };
  }
  if ("putJson" in operation) {
    const { key, value, ...ends } = operation.putJson;
    const content = { value: toJsonText(value), content_type: MEDIA.json };
    return { put: { key: fullKey(context, key), ...content, ...expiryMembers(ends) } };
  }
  if ("delete" in operation) return { delete: { key: fullKey(context, operation.delete.key) } };
  if ("increment" in operation) return { incr: incrementMembers(context, operation.increment) };
  if ("expire" in operation) {
    const { key, ...ends } = operation.expire;
    return { touch: { key: fullKey(context, key), ...expiryMembers(ends) } };
  }
  if ("persist" in operation) return { touch: { key: fullKey(context, operation.persist.key), persist: true } };
  return { get: { key: fullKey(context, operation.get.key) } };
}

function incrementMembers(context: Context, part: IncrementPart): JsonObject {
  const { key, by = 1, initial, min, max, ttlMs, ttlIfNewMs } = part;
  return {
    key: fullKey(context, key),
    by,
    initial,
    min,
    max,
    ...(ttlMs !== undefined && { expire_in: toSeconds(ttlMs) }),
    ...(ttlIfNewMs !== undefined && { expire_new: toSeconds(ttlIfNewMs) }),
  };
}

function expiryMembers(ends: ExpiryOptions): JsonObject {
  return Object.fromEntries(Object.entries(expiryQuery(ends)).filter(([, value]) => value !== null));
}

function readCommitted(context: Context, text: string, { ops = [] }: Transaction): TransactionResult {
  const answer = parseAnswer(text);
  const revision = isJsonObject(answer) ? numberAt(answer, "revision") : null;
  if (revision === null) throw unexpected(text);
  const texts = elementsOf(memberText(text, "results"), () => unexpected(text));
  const results = ops.map((operation, index) => readResult(context, operation, texts[index] ?? "null"));
  return { committed: true, revision, results };
}

function readResult(context: Context, operation: Operation, text: string): OperationResult {
  const result = parseAnswer(text);
  if (!isJsonObject(result)) throw unexpected(text);
  if ("put" in operation || "putJson" in operation) {
    const done = membersIn(result, "put");
    return { op: "put", isNew: done["created"] === true, ...readEnd(context, done) };
  }
  if ("delete" in operation) {
    const done = membersIn(result, "delete");
    return { op: "delete", key: operation.delete.key, isDeleted: done["deleted"] === 1 };
  }
  if ("increment" in operation) {
    const done = membersIn(result, "incr");
    const value = numberAt(done, "value");
    if (value === null) throw unexpected(text);
    return { op: "increment", value, isNew: done["created"] === true, ...readEnd(context, done) };
  }
  if ("get" in operation) {
    return { op: "get", key: operation.get.key, entry: readEntry(context, memberText(text, "get")) };
  }
  const { key } = "expire" in operation ? operation.expire : operation.persist;
  const done = result["touch"];
  if (!isJsonObject(done)) return { op: "touch", isFound: false, key, expiresAt: null, ttlMs: null };
  return { op: "touch", isFound: true, ...readEnd(context, done) };
}

function readEnd(context: Context, done: JsonObject): ResultingEnd {
  const expiresAt = dateAt(done, "expires_at");
  const key = ownKey(context, textAt(done, "key") ?? "");
  return { key, expiresAt, ttlMs: msLeft(expiresAt, numberAt(done, "ttl")) };
}

function readEntry(context: Context, text: string): Entry | null {
  return text === "null" ? null : withOwnKey(context, parseEntry(text));
}

function membersIn(result: JsonObject, name: string): JsonObject {
  const members = result[name];
  if (isJsonObject(members)) return members;
  throw unexpected(JSON.stringify(result));
}

/** @param text - of the problem, from which values are taken as they stand */
function readFailed(context: Context, { data }: KeyholdError, text: string): TransactionResult {
  const failures: unknown = data["failures"];
  const failed = (Array.isArray(failures) ? failures : []).filter(isJsonObject).map(
    (failure): FailedCheck => ({
      check: numberAt(failure, "check") ?? 0,
      key: ownKey(context, textAt(failure, "key") ?? ""),
      revision: numberAt(failure, "revision"),
    }),
  );
  const reads = data["else"] === undefined ? [] : elementsOf(memberText(text, "else"), () => unexpected(text));
  return { committed: false, failed, results: reads.map((read) => readEntry(context, memberText(read, "get"))) };
}
