// The schemas of what is sent and answered, each said once (JSON Schema 2020-12, as OpenAPI 3.1 has it).
import { ERRORS } from "../../core/errors.ts";
import { SCOPES } from "../../core/token.ts";
import { type Part, refer } from "./operation.ts";
import { SCHEMA_EXAMPLES } from "./schema-examples.ts";

const INSTANT: Part = { type: "string", format: "date-time" };
const INSTANT_OR_NEVER: Part = { type: ["string", "null"], format: "date-time" };
const KEY: Part = { type: "string", minLength: 1, maxLength: 255 };
const SECONDS: Part = { type: "number", exclusiveMinimum: 0 };
const COUNT: Part = { type: "integer", minimum: 0 };
const STEP: Part = { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
const END: Part = { expires_at: INSTANT_OR_NEVER, ttl: { type: ["integer", "null"] } };
const EXPIRE_AT: Part = { type: ["number", "string"] };

/** An object with all of these members, and others that clients pass over. */
function object(properties: Part, required: readonly string[] = Object.keys(properties), more: Part = {}): Part {
  return { type: "object", required, properties, ...more };
}

/** An object with these members and no others: what is sent. */
function closed(properties: Part, required: readonly string[] = []): Part {
  return { type: "object", ...(required.length > 0 && { required }), properties, additionalProperties: false };
}

/** One member out of several, as an operation of a transaction is. */
function oneOf(members: Readonly<Record<string, Part>>): Part {
  return { oneOf: Object.entries(members).map(([name, schema]) => closed({ [name]: schema }, [name])) };
}

const ENTRY_SCHEMAS = {
  Value: {
    description:
      'A value as JSON: JSON as it was stored, other text as a string, bytes as `{"$base64": "…"}`; `{"$json": …}` around JSON that looks like one of these.',
  },
  Pair: {
    description: "An entry: its key and its value.",
    type: "object",
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: refer("Value"),
    examples: [{ greeting: "hello world!" }],
  },
  Pairs: {
    description: "Entries: keys and values.",
    type: "object",
    additionalProperties: refer("Value"),
    examples: [{ color: "blue", limits: { max: 3 } }],
  },
  Entry: object(
    {
      key: KEY,
      value: refer("Value"),
      content_type: { type: "string" },
      size: COUNT,
      revision: { type: "integer", minimum: 1 },
      etag: { type: "string" },
      created_at: INSTANT,
      modified_at: INSTANT,
      ...END,
    },
    undefined,
    { description: "The whole entry." },
  ),
  Deleted: object({ deleted: COUNT }, undefined, { description: "How many entries were deleted." }),
  ListingItem: { anyOf: [refer("Pair"), refer("Entry"), KEY] },
  ListingQuery: {
    description: "The parameters of a listing; `false` means absent.",
    ...closed({
      key: { type: ["string", "array"], items: KEY, maxItems: 1000 },
      filter: { type: "string", maxLength: 512 },
      prefix: KEY,
      start: KEY,
      end: KEY,
      limit: { type: ["integer", "string"] },
      cursor: { type: "string" },
      reverse: { type: ["boolean", "string", "number"] },
      keys: { type: ["boolean", "string", "number"] },
      meta: { type: ["boolean", "string", "number"] },
      count: { type: ["boolean", "string", "number"] },
    }),
  },
  PatchForm: closed({
    incr: { ...STEP, description: "Adds to a counter." },
    decr: { ...STEP, description: "Takes from a counter." },
    initial: { ...STEP, description: "Where a counter begins that is not there; 0 unless given." },
    min: { ...STEP, description: "The sum may not be less: 409." },
    max: { ...STEP, description: "The sum may not be more: 409." },
    append: { type: "string", description: "Adds text behind the value." },
    prepend: { type: "string", description: "Adds text before the value." },
    expire_in: SECONDS,
    expire_at: { type: "string" },
    expire_new: { ...SECONDS, description: "An expiry in seconds, only if this makes the entry." },
    persist: { type: "string", enum: ["", "1", "true"], description: "The entry is to end no more." },
  }),
  JsonPatch: {
    type: "array",
    maxItems: 1000,
    items: object(
      {
        op: { type: "string", enum: ["add", "remove", "replace", "move", "copy", "test"] },
        path: { type: "string" },
        from: { type: "string" },
        value: {},
      },
      ["op", "path"],
    ),
    description: "RFC 6902.",
  },
  Event: {
    description: "A line of a watch; members of a kind of event stand in the protocol, §12.",
    ...object(
      {
        event: { type: "string", enum: ["put", "delete", "expire", "touch", "ready", "bookmark", "reset", "bye"] },
        cursor: { type: "string" },
        key: KEY,
        revision: { type: "integer" },
        value: refer("Value"),
        value_revision: { type: "integer" },
        expires_at: INSTANT_OR_NEVER,
        reason: { type: "string" },
      },
      ["event"],
    ),
  },
} satisfies Readonly<Record<string, Part>>;

const COUNTER = { initial: STEP, min: STEP, max: STEP };
const CHANGE_OF_END = { expire_in: SECONDS, expire_at: EXPIRE_AT, persist: { type: "boolean" } };
const WRITTEN: Part = { key: KEY, created: { type: "boolean" }, ...END };

const TRANSACTION_SCHEMAS = {
  Check: {
    oneOf: [
      closed({ key: KEY, revision: { type: "integer", minimum: 0 } }, ["key", "revision"]),
      closed({ key: KEY, absent: { const: true } }, ["key", "absent"]),
      closed({ key: KEY, exists: { const: true } }, ["key", "exists"]),
    ],
  },
  Operation: oneOf({
    put: closed(
      {
        key: KEY,
        value: refer("Value"),
        content_type: { type: "string" },
        expire_in: SECONDS,
        expire_at: EXPIRE_AT,
      },
      ["key", "value"],
    ),
    delete: closed({ key: KEY }, ["key"]),
    incr: closed({ key: KEY, by: STEP, ...COUNTER, ...CHANGE_OF_END, expire_new: SECONDS }, ["key"]),
    touch: closed({ key: KEY, ...CHANGE_OF_END }, ["key"]),
    get: closed({ key: KEY }, ["key"]),
  }),
  Transaction: {
    description: "At most 128 checks and operations together.",
    ...closed({
      checks: { type: "array", items: refer("Check") },
      ops: { type: "array", items: refer("Operation") },
      else: { type: "array", items: closed({ get: closed({ key: KEY }, ["key"]) }, ["get"]) },
    }),
  },
  OperationResult: oneOf({
    put: object(WRITTEN),
    delete: object({ key: KEY, deleted: { type: "integer", enum: [0, 1] } }),
    incr: object({ ...WRITTEN, value: { type: "integer" } }),
    touch: { anyOf: [object({ key: KEY, ...END }), { type: "null" }] },
    get: { anyOf: [refer("Entry"), { type: "null" }] },
  }),
  TransactionResult: object({
    revision: COUNT,
    results: { type: "array", items: refer("OperationResult") },
  }),
} satisfies Readonly<Record<string, Part>>;

const TOKEN = {
  id: { type: "string" },
  name: { type: "string" },
  scopes: { type: "array", items: { type: "string", enum: [...SCOPES] } },
  prefixes: { type: "array", items: KEY, description: "Empty for every key." },
  created_at: INSTANT,
  expires_at: INSTANT_OR_NEVER,
  revoked_at: INSTANT_OR_NEVER,
  state: { type: "string", enum: ["active", "expired", "revoked"] },
};

const TOKEN_SCHEMAS = {
  Token: object(TOKEN),
  IssuedToken: object({ ...TOKEN, token: { type: "string", description: "The secret, which is answered this once." } }),
  TokenGrant: closed(
    {
      name: { type: "string", minLength: 1, maxLength: 100 },
      scopes: { ...TOKEN.scopes, description: "read, write and watch unless given." },
      prefixes: { ...TOKEN.prefixes, maxItems: 16 },
      expires_in: { type: ["number", "string", "null"], description: "Seconds." },
      expires_at: { ...EXPIRE_AT, type: ["number", "string", "null"] },
    },
    ["name"],
  ),
} satisfies Readonly<Record<string, Part>>;

const TEXT: Part = { type: "string" };
const NULLABLE_COUNT: Part = { type: ["integer", "null"], minimum: 0 };

/** What problems tell besides, as their code has it. */
const PROBLEM_MEMBERS: Part = {
  key: TEXT,
  parameter: TEXT,
  option: { type: "string", description: "What raises the limit." },
  limit: { type: "number" },
  size: COUNT,
  revision: NULLABLE_COUNT,
  etag: TEXT,
  allow: TEXT,
  value: { type: "integer", description: "Where a counter stands." },
  min: STEP,
  max: STEP,
  expires_at: INSTANT_OR_NEVER,
  operation: { type: "integer", description: "Index of the operation." },
  path: TEXT,
  part: { type: "string", description: "Of a transaction, as in `ops[2]`." },
  failures: {
    type: "array",
    items: object({ check: COUNT, key: KEY, revision: NULLABLE_COUNT }),
    description: "Checks that do not hold.",
  },
  else: { type: "array", description: "What the else-branch has read." },
  scope: TEXT,
  prefixes: { type: "array", items: TEXT },
  partitions: { type: "array", items: { type: "array", items: KEY } },
  partition_count: COUNT,
  deleted: COUNT,
  retry_after: COUNT,
  rule: { type: "string", description: "The rule of HTTP/1.1 that was broken." },
};

const SERVER_SCHEMAS = {
  Info: object({
    name: { const: "keyhold" },
    version: TEXT,
    started_at: INSTANT,
    now: INSTANT,
    store: object({
      engine: TEXT,
      incarnation: TEXT,
      atomicity: { type: "string", enum: ["store", "partition"] },
      order: { type: "string", enum: ["store", "partition"] },
      reads: { type: "string", enum: ["snapshot", "per-entry"] },
      durability: { type: "string", enum: ["power-loss", "process-crash", "delegated", "none"] },
      deletions: { type: "string", enum: ["one-commit", "page-by-page"] },
      servers: { type: "string", enum: ["one", "many"] },
      promise: TEXT,
      entries: COUNT,
      bytes: COUNT,
      revision: COUNT,
      idempotency_records: COUNT,
      idempotency_bytes: COUNT,
      queued_commits: COUNT,
      integrity: { type: "string", enum: ["unneeded", "running", "passed", "damaged", "failed"] },
    }),
    access: object({ asks_for_token: { type: "boolean" } }),
    backups: {
      anyOf: [
        object({ last_at: INSTANT_OR_NEVER, last_bytes: NULLABLE_COUNT, failures: COUNT }),
        { type: "null", description: "The server makes none by itself." },
      ],
    },
    watchers: COUNT,
    limits: object({
      key_bytes: COUNT,
      value_bytes: COUNT,
      short_path_value_bytes: COUNT,
      batch_entries: COUNT,
      batch_bytes: COUNT,
      page_entries: COUNT,
      watchers: COUNT,
      wait_seconds: COUNT,
    }),
  }),
  Imported: object({ imported: COUNT, skipped: COUNT, expired: COUNT }),
  ExportLine: {
    description:
      "The first line tells where the export comes from, the last one has its number of entries and its checksum.",
    type: "object",
  },
  Problem: {
    description: "What went wrong (RFC 9457). Decide by `code`; pass over members that you do not know.",
    ...object(
      {
        type: { type: "string", format: "uri-reference", description: "A page about the code." },
        title: TEXT,
        status: { type: "integer" },
        detail: { type: "string", description: "What was wrong here, and what to do." },
        code: { type: "string", enum: Object.keys(ERRORS) },
        instance: { type: "string", description: "The id of the request, also in the field `X-Request-Id`." },
        ...PROBLEM_MEMBERS,
      },
      ["type", "title", "status", "detail", "code", "instance"],
      {
        examples: [
          {
            type: "/-/problems/not-found",
            title: ERRORS["not-found"].title,
            status: 404,
            detail: 'There is no entry under "greeting"',
            code: "not-found",
            instance: "5f0e7c2a-1",
            key: "greeting",
          },
        ],
      },
    ),
  },
} satisfies Readonly<Record<string, Part>>;

const REDIS_RESULT = { result: { description: "As Redis answers: a text, an integer, null, or an array of those." } };
const REDIS_ERROR = { error: { type: "string", description: "As Redis says it: a word in capitals, and a sentence." } };

const REDIS_SCHEMAS = {
  RedisCommand: {
    description: "The name of a command, and its arguments.",
    type: "array",
    minItems: 1,
    items: { type: ["string", "number", "boolean"] },
  },
  RedisCommands: { type: "array", minItems: 1, maxItems: 1000, items: refer("RedisCommand") },
  RedisResult: object(REDIS_RESULT),
  RedisError: object(REDIS_ERROR),
  RedisAnswers: { type: "array", items: { anyOf: [refer("RedisResult"), refer("RedisError")] } },
};

const ALL: Readonly<Record<string, Part>> = {
  ...ENTRY_SCHEMAS,
  ...TRANSACTION_SCHEMAS,
  ...TOKEN_SCHEMAS,
  ...SERVER_SCHEMAS,
  ...REDIS_SCHEMAS,
};

export const SCHEMAS: Readonly<Record<string, Part>> = Object.fromEntries(
  Object.entries(ALL).map(([name, schema]) => {
    const example = SCHEMA_EXAMPLES[name];
    return [name, example === undefined ? schema : { ...schema, examples: [example] }];
  }),
);
