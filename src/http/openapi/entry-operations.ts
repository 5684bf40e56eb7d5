// What is told of `/{key}` and `/keys/{key}`: one entry, as its bytes and as JSON (docs/protocol.md §4, §5, §8).
import type { ErrorCode } from "../../core/errors.ts";
import { EXAMPLE_ORIGIN } from "../example-origin.ts";
import {
  ANY_BYTES,
  type Answer,
  json,
  media,
  type OperationDoc,
  type OperationDocs,
  type Part,
  refer,
  STORED_BYTES,
} from "./operation.ts";
import type { ParameterName } from "./parameters.ts";
import { ON_BYTES, ON_WRITE } from "./response-fields.ts";

const SHORT = `${EXAMPLE_ORIGIN}/greeting`;
const LONG = `${EXAMPLE_ORIGIN}/keys/my-app/mode`;
const PUT_SHORT = `curl -X PUT -d 'hello world!' ${SHORT}`;
const PUT_LONG = `curl -X PUT -H 'Content-Type: application/json' -d '{"my-app/mode": "fast"}' ${LONG}`;

const READ_FIELDS: readonly ParameterName[] = [
  "ifMatch",
  "ifNoneMatch",
  "ifModifiedSince",
  "ifUnmodifiedSince",
  "range",
  "ifRange",
];
const WRITE_FIELDS: readonly ParameterName[] = ["ifMatch", "ifNoneMatch", "ifUnmodifiedSince", "idempotencyKey"];
const READ_PROBLEMS: readonly ErrorCode[] = [
  "invalid-key",
  "invalid-header",
  "not-found",
  "precondition-failed",
  "range-not-satisfiable",
  "damaged-entry",
  "busy",
  "unavailable",
];
const WRITE_PROBLEMS: readonly ErrorCode[] = [
  "invalid-key",
  "invalid-header",
  "precondition-failed",
  "idempotency-key-reused",
  "busy",
  "unavailable",
  "outcome-unknown",
];
const BODY_PROBLEMS: readonly ErrorCode[] = [
  "invalid-expiry",
  "length-required",
  "value-too-large",
  "unsupported-media-type",
  "no-room",
];
const PATCH_PROBLEMS: readonly ErrorCode[] = [
  ...WRITE_PROBLEMS,
  ...BODY_PROBLEMS,
  "invalid-json",
  "not-found",
  "not-an-integer",
  "out-of-range",
  "not-json",
  "patch-failed",
  "body-too-large",
  "damaged-entry",
];

const PATCH_BODY: Part = {
  "application/x-www-form-urlencoded": media("PatchForm", { incr: 1 }),
  "application/merge-patch+json": media({ description: "RFC 7396." }, { mode: "fast", old: null }),
  "application/json-patch+json": media("JsonPatch", [{ op: "test", path: "/mode", value: "fast" }]),
};
const PATCHING = `A **form** counts (\`incr=\` or \`decr=\`, with \`initial=\`, \`min=\`, \`max=\`), adds text (\`append=\`, \`prepend=\`), or changes
when the entry ends (\`expire_in=\`, \`expire_at=\`, \`persist=1\`, \`expire_new=\`). A **merge patch** or **JSON Patch** changes a
JSON value, and what it does not touch keeps its text. Each is applied to the value that stands at the commit, and changes
nothing unless all of it can be applied.`;
const WAITING = `With \`wait\`, the answer is given as soon as there is something new: without \`If-None-Match\` once there is an entry, with it
once the entry differs from the states that are named (304 when the time is up), or is gone (404).`;

const NOT_MODIFIED: Answer = {
  description: "The entry is in the state that `If-None-Match` names, or has not been written since.",
  fields: ["ETag", "Revision", "Cache-Control", "Last-Modified"],
  mayHave: [
    ...(["TTL", "Vary", "Accept-Ranges", "X-Content-Type-Options"] as const),
    ...(["Cross-Origin-Resource-Policy", "Content-Security-Policy", "Content-Location"] as const),
  ],
};
const PART_OF_BYTES: Answer = {
  description: "The range of bytes that was asked for.",
  content: STORED_BYTES,
  fields: [...ON_BYTES, "Content-Range"],
  mayHave: ["TTL", "Vary", "Content-Disposition", "Content-Location"],
};

/** Of a write that is answered without a body. */
function written(status: 201 | 204): Answer {
  const mayHave = ["TTL", "Preference-Applied", "Idempotency-Replayed"] as const;
  if (status === 204) return { description: "Written.", fields: ON_WRITE, mayHave };
  return { description: "Written, and new.", fields: [...ON_WRITE, "Location"], mayHave };
}

/** Of a write that is answered with the pair. */
function pair(status: 200 | 201): Answer {
  const isNew = status === 201;
  return {
    description: isNew ? "Written, and new: the pair as it stands." : "Written: the pair as it stands.",
    content: json("Pair", { "my-app/mode": "fast" }),
    fields: isNew ? [...ON_WRITE, "Location"] : ON_WRITE,
    mayHave: ["TTL", "Idempotency-Replayed", "Preference-Applied"],
  };
}

const RAW: OperationDocs = {
  "GET /{key}": {
    operationId: "getValue",
    tag: "Values",
    description: `Answers the bytes of the value under the type that they were stored with. HEAD answers the same without the bytes.\n\n${WAITING}`,
    parameters: ["shortKey", "wait", ...READ_FIELDS],
    answers: {
      200: {
        description: "The value.",
        content: STORED_BYTES,
        fields: ON_BYTES,
        mayHave: ["TTL", "Vary", "Content-Disposition"],
      },
      206: PART_OF_BYTES,
      304: NOT_MODIFIED,
    },
    problems: READ_PROBLEMS,
    samples: [
      { label: "Read", curl: `${PUT_SHORT}\ncurl ${SHORT}`, status: 200 },
      { label: "Read two bytes", curl: `${PUT_SHORT}\ncurl -H 'Range: bytes=1-2' ${SHORT}`, status: 206 },
      { label: "Wait until there is one", curl: `curl '${EXAMPLE_ORIGIN}/result?wait=0.1'`, status: 404 },
    ],
  },
  "PUT /{key}": {
    operationId: "putValue",
    tag: "Values",
    description: `The body is the value, up to 1,024 bytes here (longer ones at \`/keys/{key}\`, or with \`--wide\`), and its \`Content-Type\` is
kept. Without an expiry, the entry does not end, whatever it was before. \`If-None-Match: *\` creates, \`If-Match\` replaces one
state.`,
    parameters: ["shortKey", "expireIn", "expireAt", "ttl", ...WRITE_FIELDS],
    body: ANY_BYTES,
    answers: { 201: written(201), 204: written(204) },
    problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS],
    samples: [
      { label: "Set", curl: PUT_SHORT, status: 201 },
      {
        label: "Take a lock for 30 seconds",
        curl: `curl -X PUT -d me -H 'If-None-Match: *' -H 'TTL: 30' ${EXAMPLE_ORIGIN}/lock`,
        status: 201,
      },
    ],
  },
  "PATCH /{key}": {
    operationId: "patchValue",
    tag: "Values",
    description: `${PATCHING}\n\nA counter answers its number; the others answer nothing, or the value where \`Prefer\` asks for it.`,
    parameters: ["shortKey", "expireIn", "expireAt", "ttl", "prefer", ...WRITE_FIELDS],
    body: PATCH_BODY,
    answers: {
      200: {
        description: "Changed: the value as it stands.",
        content: STORED_BYTES,
        fields: ON_BYTES,
        mayHave: ["TTL", "Vary", "Content-Disposition", "Preference-Applied", "Idempotency-Replayed"],
      },
      201: {
        description: "Made: the value, of a counter or where `Prefer` asks for it.",
        content: STORED_BYTES,
        fields: [...ON_WRITE, "Location"],
        mayHave: [...ON_BYTES, "TTL", "Vary", "Content-Disposition", "Preference-Applied", "Idempotency-Replayed"],
      },
      204: { ...written(204), description: "Changed." },
    },
    problems: PATCH_PROBLEMS,
    samples: [
      { label: "Count", curl: `curl -X PATCH -d incr=1 ${EXAMPLE_ORIGIN}/hits`, status: 201 },
      {
        label: "At most 100 a minute",
        curl: `curl -X PATCH -d incr=1 -d max=100 -d expire_new=60 ${EXAMPLE_ORIGIN}/requests`,
        status: 201,
      },
      { label: "Renew", curl: `${PUT_SHORT}\ncurl -X PATCH -d expire_in=3600 ${SHORT}`, status: 204 },
    ],
  },
  "DELETE /{key}": {
    operationId: "deleteValue",
    tag: "Values",
    description:
      "Deletes the entry. With `Prefer: return=representation` it is taken: answered and deleted in one, so that of several takers one gets it.",
    parameters: ["shortKey", "prefer", ...WRITE_FIELDS],
    answers: {
      200: {
        description: "Deleted: the value that was.",
        content: STORED_BYTES,
        fields: [...ON_BYTES, "Preference-Applied"],
        mayHave: ["TTL", "Vary", "Content-Disposition", "Idempotency-Replayed"],
      },
      204: { description: "Deleted.", mayHave: ["Idempotency-Replayed"] },
    },
    problems: [...WRITE_PROBLEMS, "not-found", "damaged-entry"],
    samples: [
      { label: "Delete", curl: `${PUT_SHORT}\ncurl -X DELETE ${SHORT}`, status: 204 },
      { label: "Take", curl: `${PUT_SHORT}\ncurl -X DELETE -H 'Prefer: return=representation' ${SHORT}`, status: 200 },
    ],
  },
};

const getEntry: OperationDoc = {
  operationId: "getEntry",
  tag: "Entries",
  description: `Answers \`{key: value}\`, with \`meta\` the whole entry, or by \`Accept\` the bytes: \`application/octet-stream\`, or the stored
type where that is not \`application/json\`. HEAD answers the same without the body. The whole entry has no \`ETag\`, as its
\`ttl\` changes by the second.\n\n${WAITING}`,
  parameters: ["key", "meta", "wait", ...READ_FIELDS],
  answers: {
    200: {
      description: "The entry, or its bytes.",
      content: {
        ...json({ anyOf: [refer("Pair"), refer("Entry")] }, { "my-app/mode": "fast" }),
        ...STORED_BYTES,
      },
      fields: ["Revision", "Last-Modified", "Cache-Control", "Vary"],
      mayHave: ["TTL", "Content-Disposition", "Content-Location", ...ON_BYTES],
    },
    206: PART_OF_BYTES,
    304: NOT_MODIFIED,
  },
  problems: [...READ_PROBLEMS, "not-acceptable"],
  samples: [
    { label: "Read", curl: `${PUT_LONG}\ncurl ${LONG}`, status: 200 },
    { label: "Read the whole entry", curl: `${PUT_LONG}\ncurl '${LONG}?meta'`, status: 200 },
    {
      label: "Read the bytes",
      curl: `${PUT_LONG}\ncurl -H 'Accept: application/octet-stream' ${LONG}`,
      status: 200,
    },
  ],
};

const JSON_VIEW: OperationDocs = {
  "GET /keys/{key}": getEntry,
  "PUT /keys/{key}": {
    operationId: "putEntry",
    tag: "Entries",
    description: `Under \`application/json\` the body is an object with one member, named as the key; so is one under the form type that is
valid JSON, as \`curl -d\` sends it. Any other body is the value itself, and its \`Content-Type\` is kept. Up to \`--max-value\`
bytes. With \`Prefer: return=minimal\` the answer has no body.`,
    parameters: ["key", "expireIn", "expireAt", "ttl", "prefer", ...WRITE_FIELDS],
    body: {
      "application/json": media("Pair", { greeting: "hello world!" }),
      "text/plain": media({ type: "string" }, "hello world!"),
      "application/octet-stream": media({ type: "string", format: "binary" }),
      "*/*": media({ type: "string", format: "binary" }),
    },
    answers: {
      200: pair(200),
      201: pair(201),
      204: { ...written(204), description: "Replaced, and no body was wanted." },
    },
    problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, "invalid-json", "key-mismatch"],
    samples: [
      { label: "Set", curl: PUT_LONG, status: 201 },
      {
        label: "Set bytes of another type",
        curl: `curl -X PUT -H 'Content-Type: text/css' -d 'a { color: red }' ${EXAMPLE_ORIGIN}/keys/site.css`,
        status: 201,
      },
    ],
  },
  "PATCH /keys/{key}": {
    operationId: "patchEntry",
    tag: "Entries",
    description: `${PATCHING}\n\nThe answer is the pair; a change of expiry alone, and any other with \`Prefer: return=minimal\`, answers nothing.`,
    parameters: ["key", "expireIn", "expireAt", "ttl", "prefer", ...WRITE_FIELDS],
    body: PATCH_BODY,
    answers: {
      200: pair(200),
      201: pair(201),
      204: { ...written(204), description: "The end has been changed, or no body was wanted." },
    },
    problems: PATCH_PROBLEMS,
    samples: [
      {
        label: "Merge",
        curl: `curl -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"mode": "fast", "old": null}' ${EXAMPLE_ORIGIN}/keys/config`,
        status: 201,
      },
      {
        label: "JSON Patch",
        curl: `curl -X PUT -H 'Content-Type: application/json' -d '{"config": {"mode": "fast"}}' ${EXAMPLE_ORIGIN}/keys/config
curl -X PATCH -H 'Content-Type: application/json-patch+json' -d '[{"op": "add", "path": "/level", "value": 3}]' ${EXAMPLE_ORIGIN}/keys/config`,
        status: 200,
      },
    ],
  },
  "DELETE /keys/{key}": {
    operationId: "deleteEntry",
    tag: "Entries",
    description:
      "Deletes the entry. With `Prefer: return=representation` the entry that was is the answer, as `Accept` chooses for GET.",
    parameters: ["key", "prefer", ...WRITE_FIELDS],
    answers: {
      200: {
        description: "Deleted: how many, or the entry that was.",
        content: { ...json({ anyOf: [refer("Deleted"), refer("Pair")] }, { deleted: 1 }), ...STORED_BYTES },
        mayHave: [
          ...ON_BYTES,
          "Content-Disposition",
          "Content-Location",
          ...(["ETag", "Revision", "Last-Modified", "Cache-Control", "TTL", "Vary"] as const),
          ...(["Preference-Applied", "Idempotency-Replayed"] as const),
        ],
      },
    },
    problems: [...WRITE_PROBLEMS, "not-found", "damaged-entry"],
    samples: [{ label: "Delete", curl: `${PUT_LONG}\ncurl -X DELETE ${LONG}`, status: 200 }],
  },
};

export const ENTRY_OPERATIONS: OperationDocs = { ...RAW, ...JSON_VIEW };
