// The body of a transaction (contract §10): what it checks, what it does, and what it reads where a check fails.
import type { Mutation } from "../core/batch.ts";
import { ALWAYS, type Condition } from "../core/condition.ts";
import { toRevision } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, KEEP, NEVER } from "../core/expiry.ts";
import { type Key, parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { requireContentType } from "../core/media-type.ts";
import { quote } from "../core/quote.ts";
import { contentOfBytes, contentOfJson } from "../wire/entry-json.ts";
import { elementsOf, type JsonMember, membersOf, parseJsonObject } from "../wire/json-object.ts";
import { readCount } from "./counter-fields.ts";
import { EXPIRY_PARAMETERS, PATCH_EXPIRY_PARAMETERS, readExpiry, readPatchExpiry } from "./expiry-fields.ts";
import { requireValueSize } from "./json-dialect.ts";
import { type Parameters, parametersOf } from "./parameters.ts";

export interface Transaction {
  readonly checks: readonly Mutation[];
  readonly operations: readonly Operation[];
  readonly otherwise: readonly Key[];
}

export interface Operation {
  readonly name: OperationName;
  readonly mutation: Mutation;
}

export type OperationName = keyof typeof READERS;

export interface TransactionContext {
  readonly now: EpochMs;
  readonly maxValueBytes: number;
}

/** The members of one operation. */
interface Fields {
  readonly key: Key;
  /** All but `key` and `value`. */
  readonly others: Parameters;
  /** JSON text of `value`; null where there is none. */
  readonly value: string | null;
}

const READERS = { put: readPut, delete: readDelete, incr: readIncr, touch: readTouch, get: readGet } as const;
const OPERATION_NAMES = Object.keys(READERS);
const PARTS = ["checks", "ops", "else"] as const;
const STEP = "by";
/** Members that are true or false; all others are one number or one text. */
const FLAGS: readonly string[] = ["absent", "exists", "persist"];

/** @throws "invalid-json", "invalid-parameter" and what keys, values and expiries are refused with; "body-too-large" */
export function readTransaction(text: string, context: TransactionContext): Transaction {
  const members = new Map(parseJsonObject(text).map(({ name, text: part }) => [name, part]));
  const unknown = [...members.keys()].find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) {
    throw malformed(`Unknown member ${JSON.stringify(unknown)}: a transaction has ${PARTS.join(", ")}`);
  }
  const [checks, ops, otherwise] = PARTS.map((part) => elementsOf(members.get(part) ?? "[]", notAnArray(part)));
  const parts = { checks: checks ?? [], ops: ops ?? [], else: otherwise ?? [] };
  requireCount(parts.checks.length + parts.ops.length + parts.else.length);
  return {
    checks: parts.checks.map((element, index) => inPart(`checks[${index}]`, () => readCheck(element))),
    operations: parts.ops.map((element, index) => inPart(`ops[${index}]`, () => readOperation(element, context))),
    otherwise: parts.else.map((element, index) => inPart(`else[${index}]`, () => readElse(element, context))),
  };
}

function readCheck(text: string): Mutation {
  const { key, others, value } = readFields(membersOf(text, notAnObject));
  if (value !== null) throw malformed('A check compares no "value": check the "revision" that came with it');
  return { op: "check", key, when: [readCondition(others)], want: "info" };
}

function readCondition(others: Parameters): Condition {
  others.requireKnown(["revision", "absent", "exists"]);
  const revision = others.integer("revision", { min: 0, max: Number.MAX_SAFE_INTEGER });
  const given: Condition[] = [
    ...(revision === null ? [] : [{ is: "atRevision", revision: toRevision(revision) } as const]),
    ...(others.flag("absent") ? [{ is: "absent" } as const] : []),
    ...(others.flag("exists") ? [{ is: "present" } as const] : []),
  ];
  const [condition, second] = given;
  if (condition === undefined || second !== undefined) {
    throw malformed('A check needs one of "revision": NUMBER, "absent": true, "exists": true');
  }
  return condition;
}

function readOperation(text: string, context: TransactionContext): Operation {
  const [member, second] = membersOf(text, notAnObject);
  if (member === undefined || second !== undefined || !isOperationName(member.name)) {
    throw malformed(`An operation is an object with one member, named ${OPERATION_NAMES.join(", ")}`);
  }
  const fields = readFields(membersOf(member.text, notAnObject));
  if (fields.value !== null && member.name !== "put") throw malformed('The member "value" goes with "put" alone');
  return { name: member.name, mutation: READERS[member.name](fields, context) };
}

function readElse(text: string, context: TransactionContext): Key {
  const { name, mutation } = readOperation(text, context);
  if (name !== "get") throw malformed('The else-branch takes "get" alone');
  return mutation.key;
}

function readPut({ key, others, value }: Fields, { now, maxValueBytes }: TransactionContext): Mutation {
  others.requireKnown(["content_type", ...EXPIRY_PARAMETERS]);
  if (value === null) throw malformed('"put" needs a member "value"');
  const given = contentOfJson(value);
  const contentType = others.one("content_type");
  const content = contentType === null ? given : contentOfBytes(given.value, requireContentType(contentType));
  const expiry = readExpiry(others, null, now) ?? NEVER;
  return { op: "put", key, when: ALWAYS, want: "info", ...requireValueSize(content, key, maxValueBytes), expiry };
}

function readDelete({ key, others }: Fields): Mutation {
  others.requireKnown([]);
  return { op: "delete", key, when: ALWAYS, want: "info" };
}

function readIncr({ key, others }: Fields, { now }: TransactionContext): Mutation {
  others.requireKnown([STEP, "initial", "min", "max", ...PATCH_EXPIRY_PARAMETERS]);
  const count = readCount(others, others.signedInteger(STEP) ?? 1);
  const expiry = readPatchExpiry(others, null, now) ?? KEEP;
  return { op: "add", key, when: ALWAYS, want: "after", ...count, expiry };
}

function readTouch({ key, others }: Fields, { now }: TransactionContext): Mutation {
  others.requireKnown([...EXPIRY_PARAMETERS, "persist"]);
  const expiry = readPatchExpiry(others, null, now);
  if (expiry === null) throw malformed('"touch" needs one of "expire_in", "expire_at", "persist": true');
  return { op: "touch", key, when: ALWAYS, want: "info", expiry };
}

function readGet({ key, others }: Fields): Mutation {
  others.requireKnown([]);
  return { op: "check", key, when: ALWAYS, want: "after" };
}

function readFields(members: readonly JsonMember[]): Fields {
  const key = members.find(({ name }) => name === "key");
  const name: unknown = key === undefined ? null : JSON.parse(key.text);
  if (typeof name !== "string") throw malformed('A member "key" with a string is needed');
  const others = members.filter((member) => !["key", "value"].includes(member.name));
  for (const member of others) requireKind(member);
  return {
    key: parseKey(name),
    others: parametersOf(others),
    value: members.find((member) => member.name === "value")?.text ?? null,
  };
}

/** A list or a flag where one number is meant would be taken for another number, or for none. */
function requireKind({ name, text }: JsonMember): void {
  const isFlag = FLAGS.includes(name);
  if ((isFlag ? /^[tf]/ : /^["\d-]/).test(text)) return;
  const need = isFlag ? "true or false" : "a number or a text";
  throw new KeyholdError("invalid-parameter", `Cannot use ${quote(name)}: ${need} is needed, this is ${quote(text)}`, {
    parameter: name,
  });
}

function requireCount(count: number): void {
  if (count === 0) throw malformed(`Cannot commit nothing: give ${PARTS.join(", ")}, each an array`);
  if (count <= LIMITS.transactionParts) return;
  throw new KeyholdError(
    "body-too-large",
    `Cannot take ${count} checks and operations at once, limit ${LIMITS.transactionParts}; use several transactions`,
    { limit: LIMITS.transactionParts },
  );
}

/** Says in which part of the body a fault was found. */
function inPart<T>(part: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof KeyholdError)) throw error;
    throw new KeyholdError(error.code, `In ${part}: ${error.detail}`, { ...error.data, part }, { cause: error });
  }
}

function isOperationName(name: string): name is OperationName {
  return OPERATION_NAMES.includes(name);
}

function malformed(detail: string): KeyholdError {
  return new KeyholdError("invalid-json", detail);
}

function notAnObject(found: string): KeyholdError {
  return malformed(`An object is needed, this is ${found}`);
}

function notAnArray(part: string): (found: string) => KeyholdError {
  return (found) => malformed(`An array is needed as "${part}", this is ${found}`);
}
