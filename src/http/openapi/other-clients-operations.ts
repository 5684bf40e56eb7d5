// What is told of the routes for clients of other stores: `/-/redis` (docs/redis-rest.md) and `/-/unstorage/` (docs/unstorage.md).
import type { ErrorCode } from "../../core/errors.ts";
import { EXAMPLE_ORIGIN } from "../example-origin.ts";
import {
  type Answer,
  json,
  jsonBody,
  media,
  type OperationDoc,
  type OperationDocs,
  type Part,
  STORED_BYTES,
} from "./operation.ts";
import type { ParameterName } from "./parameters.ts";

const REDIS = `${EXAMPLE_ORIGIN}/-/redis`;
const UNSTORAGE = `${EXAMPLE_ORIGIN}/-/unstorage`;
const COMMAND = ["SET", "greeting", "hello", "EX", 60];
const COMMANDS = [
  ["INCR", "visits"],
  ["EXPIRE", "visits", 60, "NX"],
];
/** What one command answers; bytes where RESP2 is asked for. */
const RESULT: Part = {
  ...json("RedisResult"),
  "application/octet-stream": media({ type: "string", format: "binary" }),
};
const NOT_KEPT = ["Cache-Control"] as const;
const FORMS: readonly ParameterName[] = ["redisToken", "upstashEncoding", "upstashResponseFormat"];

/** What is refused before any command is run. */
const REQUEST_PROBLEMS: readonly ErrorCode[] = ["invalid-header", "unsupported-media-type", "body-too-large"];
const STORE_PROBLEMS: readonly ErrorCode[] = ["damaged-entry", "busy", "unavailable", "outcome-unknown", "no-room"];
const JSON_PROBLEMS: readonly ErrorCode[] = [...REQUEST_PROBLEMS, "invalid-json", "length-required"];
const COMMAND_FAILS = 'A command that does not fit what Redis asks of it, or what stands, is 400 `{"error": …}`.';

const PATH: Pick<OperationDoc, "tag" | "answers" | "problems" | "parameters"> = {
  tag: "Redis",
  parameters: ["redisCommand", "redisOptions", "upstashEncoding", "upstashResponseFormat"],
  answers: { 200: { description: "What the command answers.", content: RESULT, fields: NOT_KEPT } },
  problems: [...STORE_PROBLEMS, "invalid-key", "invalid-header"],
};

const WITH_BODY: Pick<OperationDoc, "body" | "parameters" | "problems"> = {
  parameters: ["redisCommandWithBody", "redisOptions", "upstashEncoding", "upstashResponseFormat"],
  body: { "*/*": media({ type: "string", format: "binary" }, "hello, as it is") },
  problems: [...PATH.problems, ...REQUEST_PROBLEMS],
};
const BODY_IS_ARGUMENT = `The body is the argument behind those of the path, and what the query says stands behind that. ${COMMAND_FAILS}`;

const REDIS_OPERATIONS: OperationDocs = {
  "POST /-/redis": {
    operationId: "runRedisCommand",
    tag: "Redis",
    description: `Runs one command of Redis, of those that docs/redis-rest.md lists. ${COMMAND_FAILS}`,
    parameters: FORMS,
    body: jsonBody("RedisCommand", COMMAND),
    needsBody: true,
    answers: { 200: { description: "What the command answers.", content: RESULT, fields: NOT_KEPT } },
    problems: [...JSON_PROBLEMS, ...STORE_PROBLEMS],
    samples: [{ label: "Set", curl: `curl -d '${JSON.stringify(COMMAND)}' ${REDIS}`, status: 200 }],
  },
  "POST /-/redis/pipeline": {
    operationId: "runRedisPipeline",
    tag: "Redis",
    description: "Runs commands one after the other; each is answered for itself, also where it fails.",
    parameters: FORMS,
    body: jsonBody("RedisCommands", COMMANDS),
    needsBody: true,
    answers: {
      200: {
        description: "What the commands answer, in their order.",
        content: { ...json("RedisAnswers"), "application/octet-stream": media({ type: "string", format: "binary" }) },
        fields: NOT_KEPT,
      },
    },
    problems: JSON_PROBLEMS,
    samples: [{ label: "Count", curl: `curl -d '${JSON.stringify(COMMANDS)}' ${REDIS}/pipeline`, status: 200 }],
  },
  "POST /-/redis/multi-exec": {
    operationId: "runRedisTransaction",
    tag: "Redis",
    description: `Runs commands at one instant, each seeing what those before have done. One that fails undoes nothing; where one is unknown
or not allowed, or speaks of the store as a whole, none is run.`,
    parameters: ["redisToken", "upstashEncoding"],
    body: jsonBody("RedisCommands", COMMANDS),
    needsBody: true,
    answers: {
      200: {
        description: "What the commands answer, in their order.",
        content: json("RedisAnswers"),
        fields: NOT_KEPT,
      },
    },
    problems: [...JSON_PROBLEMS, ...STORE_PROBLEMS],
    samples: [{ label: "Count", curl: `curl -d '${JSON.stringify(COMMANDS)}' ${REDIS}/multi-exec`, status: 200 }],
  },
  "GET /-/redis/{command}": {
    ...PATH,
    operationId: "runRedisPath",
    description: `Runs one command, its name and arguments as segments of the path, percent-encoded; what the query says stands behind
them. **A command that writes does so by GET too**, as with Upstash. ${COMMAND_FAILS}`,
    samples: [
      {
        label: "Read",
        curl: `curl -X PUT -d hello ${EXAMPLE_ORIGIN}/greeting\ncurl ${REDIS}/get/greeting`,
        status: 200,
      },
    ],
  },
  "POST /-/redis/{command}": {
    ...PATH,
    ...WITH_BODY,
    operationId: "runRedisPathWithBody",
    description: BODY_IS_ARGUMENT,
    samples: [{ label: "Set", curl: `curl -d 'hello, as it is' '${REDIS}/set/greeting?EX=60'`, status: 200 }],
  },
  "PUT /-/redis/{command}": {
    ...PATH,
    ...WITH_BODY,
    operationId: "putRedisPathWithBody",
    description: BODY_IS_ARGUMENT,
    samples: [{ label: "Set", curl: `curl -X PUT -d 'hello, as it is' ${REDIS}/set/greeting`, status: 200 }],
  },
};

const ITEM_FIELDS: Pick<Answer, "fields" | "mayHave"> = {
  fields: NOT_KEPT,
  mayHave: [
    ...(["ETag", "Revision", "Last-Modified", "TTL", "X-TTL", "Accept-Ranges", "X-Content-Type-Options"] as const),
    ...(["Cross-Origin-Resource-Policy", "Content-Security-Policy", "Content-Disposition", "Cursor", "Vary"] as const),
  ],
};
const SET_ITEM = `curl -X PUT -H 'Content-Type: application/json' -d '{"theme": "dark"}' ${UNSTORAGE}/user/settings`;

const UNSTORAGE_OPERATIONS: OperationDocs = {
  "GET /-/unstorage/{key}": {
    operationId: "getItem",
    tag: "unstorage",
    description: "The value as it was set; where the path ends in `:`, the keys beneath as a JSON array.",
    parameters: ["unstorageKey", "ifMatch", "ifNoneMatch", "ifModifiedSince", "ifUnmodifiedSince", "range", "ifRange"],
    answers: {
      200: { description: "The value, or the keys.", content: STORED_BYTES, ...ITEM_FIELDS },
      206: {
        description: "The range of bytes that was asked for.",
        content: STORED_BYTES,
        ...ITEM_FIELDS,
        mayHave: [...(ITEM_FIELDS.mayHave ?? []), "Content-Range"],
      },
      304: { description: "The value is in the state that `If-None-Match` names.", ...ITEM_FIELDS },
    },
    problems: [
      ...(["invalid-key", "invalid-header", "not-found", "precondition-failed", "range-not-satisfiable"] as const),
      ...(["damaged-entry", "unavailable"] as const),
    ],
    samples: [{ label: "Read", curl: `${SET_ITEM}\ncurl ${UNSTORAGE}/user/settings`, status: 200 }],
  },
  "PUT /-/unstorage/{key}": {
    operationId: "setItem",
    tag: "unstorage",
    description: "Sets the value, under the media type that is sent, whatever the bytes are.",
    parameters: ["unstorageKey", "unstorageTtl", "ifMatch", "ifNoneMatch", "ifUnmodifiedSince", "idempotencyKey"],
    body: { "*/*": media({ type: "string", format: "binary" }, "dark") },
    needsBody: true,
    answers: {
      201: {
        description: "Set, and new.",
        fields: ["ETag", "Revision", "Location"],
        mayHave: ["TTL", "Idempotency-Replayed"],
      },
      204: { description: "Set.", fields: ["ETag", "Revision"], mayHave: ["TTL", "Idempotency-Replayed"] },
    },
    problems: [
      ...(["invalid-key", "invalid-header", "invalid-expiry", "length-required", "precondition-failed"] as const),
      ...(["idempotency-key-reused", "value-too-large", "unsupported-media-type"] as const),
      ...(["unavailable", "outcome-unknown", "no-room"] as const),
    ],
    samples: [{ label: "Set", curl: SET_ITEM, status: 201 }],
  },
  "DELETE /-/unstorage/{key}": {
    operationId: "removeItem",
    tag: "unstorage",
    description: "Removes the value, were there none. **Where the path ends in `:`, all beneath is deleted.**",
    parameters: ["unstorageKey", "ifMatch", "ifNoneMatch", "ifUnmodifiedSince", "idempotencyKey"],
    answers: {
      200: { description: "All beneath is deleted.", content: json("Deleted"), mayHave: ["Idempotency-Replayed"] },
      204: { description: "Removed, or not there.", mayHave: ["Idempotency-Replayed"] },
    },
    problems: [
      ...(["invalid-key", "invalid-header", "precondition-failed", "idempotency-key-reused"] as const),
      ...(["unavailable", "outcome-unknown"] as const),
    ],
    samples: [
      { label: "Remove", curl: `${SET_ITEM}\ncurl -X DELETE ${UNSTORAGE}/user/settings`, status: 204 },
      { label: "Clear", curl: `${SET_ITEM}\ncurl -X DELETE ${UNSTORAGE}/user/:`, status: 200 },
    ],
  },
};

export const OTHER_CLIENTS_OPERATIONS: OperationDocs = { ...REDIS_OPERATIONS, ...UNSTORAGE_OPERATIONS };
