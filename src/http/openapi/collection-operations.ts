// What is told of `/keys` and of transactions: many entries at once (docs/protocol.md §6, §10, §12).
import type { ErrorCode } from "../../core/errors.ts";
import { EXAMPLE_ORIGIN } from "../example-origin.ts";
import {
  type Answer,
  json,
  jsonBody,
  lines,
  media,
  type OperationDoc,
  type OperationDocs,
  refer,
} from "./operation.ts";
import type { ParameterName } from "./parameters.ts";

const KEYS = `${EXAMPLE_ORIGIN}/keys`;
const FILL = `curl -X PUT '${KEYS}?color=blue&size=4'`;

const NARROWING: readonly ParameterName[] = ["prefix", "filter", "start", "end", "keyList"];
const WRITE_PROBLEMS: readonly ErrorCode[] = [
  "invalid-key",
  "invalid-header",
  "idempotency-key-reused",
  "cross-partition",
  "busy",
  "unavailable",
  "outcome-unknown",
];
const BODY_PROBLEMS: readonly ErrorCode[] = [
  "invalid-json",
  "invalid-expiry",
  "length-required",
  "value-too-large",
  "body-too-large",
  "unsupported-media-type",
  "no-room",
];
const LISTING_PROBLEMS: readonly ErrorCode[] = [
  "invalid-key",
  "not-acceptable",
  "damaged-entry",
  "busy",
  "unavailable",
];

const LISTED: Answer = {
  description: "The listing.",
  content: {
    ...json({ type: "array", items: refer("ListingItem") }, [{ color: "blue" }, { size: "4" }]),
    "application/x-ndjson": lines(refer("ListingItem"), "A pair, name or entry a line.", [
      { color: "blue" },
      { size: "4" },
    ]),
    "text/plain": media({ type: "string", description: "A key a line." }, "color\nsize\n"),
  },
  fields: ["Cursor", "Cache-Control", "Vary"],
  mayHave: ["Link", "Total-Count"],
};

const listEntries: OperationDoc = {
  operationId: "listEntries",
  tag: "Collection",
  description: `Answers pairs in key order, with \`keys\` names alone, with \`meta\` whole entries; by \`Accept\` as JSON, as lines of JSON
(\`application/x-ndjson\`) or as names (\`text/plain\`). Without \`limit\` it is everything, streamed; with it a page, and the field
\`Link\` names the next one. A page may hold fewer entries than asked for.

With \`wait\` it is answered as soon as something in it has changed after \`since\`; 304 when the time is up.

With \`watch\` it is a stream that does not end by itself: Server-Sent Events, or lines of JSON by \`Accept:
application/x-ndjson\`. Each change is told once, in order; the id of an event, sent again as \`since\` or \`Last-Event-ID\`, is
where a client goes on. HEAD answers the fields alone.

The method QUERY (RFC 10008), which OpenAPI 3.1 has no place for, takes the parameters of a listing as a JSON body: it stands
in the document as \`x-query\`.`,
  parameters: [
    ...NARROWING,
    ...(["limit", "cursor", "reverse", "namesOnly", "meta", "count"] as const),
    ...(["wait", "watch", "since", "values", "touches", "lastEventId"] as const),
  ],
  answers: {
    200: {
      ...LISTED,
      description: "The listing, or with `watch` the stream of events.",
      content: {
        ...LISTED.content,
        "text/event-stream": media(
          {
            type: "string",
            contentMediaType: "text/event-stream",
            contentSchema: refer("Event"),
            description: "Server-Sent Events: `contentSchema` is that of each, with its name and its id in it.",
          },
          'event: put\nid: 1017.sn8cv5leq6\ndata: {"key":"color","revision":214,"value":"blue","value_revision":214}\n\n',
        ),
        "application/x-ndjson": lines(
          { anyOf: [refer("ListingItem"), refer("Event")] },
          "A pair, name, entry or event a line.",
          [{ color: "blue" }, { size: "4" }],
        ),
      },
      fields: ["Cache-Control", "Vary"],
      mayHave: ["Cursor", "Link", "Total-Count", "X-Accel-Buffering"],
    },
    304: {
      description: "Nothing in the listing has changed in the time; the field `Cursor` is where to go on from.",
      fields: ["Cursor", "Cache-Control", "Vary"],
    },
  },
  problems: [...LISTING_PROBLEMS, "invalid-header"],
  samples: [
    { label: "List", curl: `${FILL}\ncurl ${KEYS}`, status: 200 },
    { label: "A page, and how many there are", curl: `${FILL}\ncurl '${KEYS}?limit=1&count&prefix=c'`, status: 200 },
    { label: "Follow what happens", curl: `${FILL}\ncurl -N --max-time 1 '${KEYS}?watch&since=0'`, status: 200 },
  ],
};

const COLLECTION: OperationDocs = {
  "GET /keys": listEntries,
  "QUERY /keys": {
    operationId: "queryEntries",
    tag: "Collection",
    description: "As the listing, with its parameters in a JSON object, for more names than a URL holds.",
    body: json("ListingQuery", { key: ["color", "size"], keys: true }),
    needsBody: true,
    answers: { 200: LISTED },
    problems: [...LISTING_PROBLEMS, "invalid-json", "length-required", "body-too-large", "unsupported-media-type"],
    samples: [
      {
        label: "Name many",
        curl: `${FILL}\ncurl -X QUERY -H 'Content-Type: application/json' -d '{"key": ["color", "size"], "keys": true}' ${KEYS}`,
        status: 200,
      },
    ],
  },
  "POST /keys": {
    operationId: "createEntries",
    tag: "Collection",
    description:
      "Creates all pairs of a JSON object, or none: where any key exists, 409 `already-exists` names it. An expiry holds for all of them.",
    parameters: ["expireIn", "expireAt", "ttl", "idempotencyKey"],
    body: jsonBody("Pairs", { color: "blue", limits: { max: 3 } }),
    needsBody: true,
    answers: {
      201: {
        description: "Created: the pairs.",
        content: json("Pairs", { color: "blue", limits: { max: 3 } }),
        fields: ["Revision"],
        mayHave: ["ETag", "TTL", "Location", "Idempotency-Replayed"],
      },
    },
    problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, "already-exists"],
    samples: [
      {
        label: "Create two",
        curl: `curl -H 'Content-Type: application/json' -d '{"color": "blue", "limits": {"max": 3}}' ${KEYS}`,
        status: 201,
      },
    ],
  },
  "PUT /keys": {
    operationId: "putEntries",
    tag: "Collection",
    description:
      "Sets pairs by the query, all or nothing: each name is a key, each value a text. `expire_in` and `expire_at` are no names here. Conditions are judged for each pair.",
    parameters: [
      "pairs",
      "expireIn",
      "expireAt",
      "ttl",
      "ifMatch",
      "ifNoneMatch",
      "ifUnmodifiedSince",
      "idempotencyKey",
    ],
    answers: {
      200: {
        description: "Set: the pairs.",
        content: json("Pairs", { color: "blue", size: "4" }),
        fields: ["Revision"],
        mayHave: ["ETag", "TTL", "Idempotency-Replayed"],
      },
      201: {
        description: "Set, some of them new: the pairs.",
        content: json("Pairs", { color: "blue", size: "4" }),
        fields: ["Revision"],
        mayHave: ["ETag", "TTL", "Location", "Idempotency-Replayed"],
      },
    },
    problems: [
      ...WRITE_PROBLEMS,
      "invalid-expiry",
      "precondition-failed",
      "value-too-large",
      "body-too-large",
      "no-room",
    ],
    samples: [{ label: "Set two", curl: FILL, status: 201 }],
  },
  "PATCH /keys": {
    operationId: "patchEntries",
    tag: "Collection",
    description:
      "A merge patch (RFC 7396) of the collection seen as one object, all or nothing: null deletes, an object goes into a JSON object that stands, everything else is set. What stands keeps its expiry unless one is given.",
    parameters: ["expireIn", "expireAt", "ttl", "idempotencyKey"],
    body: { "application/merge-patch+json": media("Pairs", { color: null, limits: { max: 4 } }) },
    needsBody: true,
    answers: {
      200: {
        description: "What stands under each key that was named, null for none.",
        content: json("Pairs", { color: null, limits: { max: 4 } }),
        fields: ["Revision"],
        mayHave: ["Idempotency-Replayed"],
      },
    },
    problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, "damaged-entry"],
    samples: [
      {
        label: "Delete one, set another",
        curl: `${FILL}\ncurl -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"color": null, "limits": {"max": 4}}' ${KEYS}`,
        status: 200,
      },
    ],
  },
  "DELETE /keys": {
    operationId: "deleteEntries",
    tag: "Collection",
    description: "Deletes entries, and answers how many. **Without a parameter it deletes every entry.**",
    parameters: ["prefix", "filter", "keyList", "idempotencyKey"],
    answers: {
      200: { description: "Deleted.", content: json("Deleted", { deleted: 2 }), mayHave: ["Idempotency-Replayed"] },
    },
    problems: WRITE_PROBLEMS,
    samples: [{ label: "By prefix", curl: `${FILL}\ncurl -X DELETE '${KEYS}?prefix=col'`, status: 200 }],
  },
};

const TRANSACTION = {
  checks: [{ key: "to", exists: true }],
  ops: [{ incr: { key: "from", by: -10, min: 0 } }, { incr: { key: "to", by: 10 } }],
};

const TRANSACTIONS: OperationDocs = {
  "POST /-/txn": {
    operationId: "transact",
    tag: "Transactions",
    description: `Commits all operations at one instant and with one revision, if all checks hold. Where one fails, 409 \`check-failed\` says
which in \`failures\`, and what \`else\` names is read at the instant of the judgement. A key is written once at most.`,
    parameters: ["idempotencyKey"],
    body: jsonBody("Transaction", TRANSACTION),
    needsBody: true,
    answers: {
      200: {
        description: "Committed: a result for each operation, in its order.",
        content: json("TransactionResult"),
        fields: ["Revision"],
        mayHave: ["Idempotency-Replayed"],
      },
    },
    problems: [
      ...WRITE_PROBLEMS,
      ...BODY_PROBLEMS,
      ...(["check-failed", "not-an-integer", "out-of-range", "damaged-entry"] as const),
    ],
    samples: [
      {
        label: "Move ten",
        curl: `curl -X PUT '${KEYS}?from=30&to=5'
curl -H 'Content-Type: application/json' -d '${JSON.stringify(TRANSACTION)}' ${EXAMPLE_ORIGIN}/-/txn`,
        status: 200,
      },
    ],
  },
};

export const COLLECTION_OPERATIONS: OperationDocs = { ...COLLECTION, ...TRANSACTIONS };
