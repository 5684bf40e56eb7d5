// What is told of `/` and of the routes beneath `/-/` that are about the server, its tokens, its pages, and the store as a
// whole (docs/protocol.md §14).
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
  type Part,
  refer,
} from "./operation.ts";
import { ON_PAGE_FILE } from "./response-fields.ts";
import { SCHEMA_EXAMPLES } from "./schema-examples.ts";

const SERVER = `${EXAMPLE_ORIGIN}/-`;
const HTML: Part = { "text/html": media({ type: "string" }, "<!doctype html>…") };
const NOT_KEPT = ["Cache-Control"] as const;

function text(example: string): Part {
  return { "text/plain": media({ type: "string" }, example) };
}

const SERVER_ITSELF: OperationDocs = {
  "GET /-/healthy": {
    operationId: "isHealthy",
    tag: "Server",
    description: "Answers as long as the process runs; whether it can do anything says `/-/ready`.",
    answers: { 200: { description: "It runs.", content: text("Keyhold is healthy.\n"), fields: NOT_KEPT } },
    problems: [],
    samples: [{ label: "Ask", curl: `curl ${SERVER}/healthy`, status: 200 }],
  },
  "GET /-/ready": {
    operationId: "isReady",
    tag: "Server",
    description: "Whether the server takes requests: 503 once the store has failed, or while the server is stopping.",
    answers: { 200: { description: "It is ready.", content: text("Keyhold is ready.\n"), fields: NOT_KEPT } },
    problems: ["unavailable"],
    samples: [{ label: "Ask", curl: `curl ${SERVER}/ready`, status: 200 }],
  },
  "GET /-/info": {
    operationId: "getInfo",
    tag: "Server",
    description:
      "Version, clock, store, what the store promises, counts and limits. Pass over members that you do not know.",
    answers: { 200: { description: "What the server says of itself.", content: json("Info"), fields: NOT_KEPT } },
    problems: ["unavailable"],
    samples: [{ label: "Ask", curl: `curl ${SERVER}/info`, status: 200 }],
  },
  "GET /-/metrics": {
    operationId: "getMetrics",
    tag: "Server",
    description: "Figures in the text format of Prometheus 0.0.4; each is explained in docs/metrics.md.",
    answers: { 200: { description: "The figures.", content: text("keyhold_entries 2\n"), fields: NOT_KEPT } },
    problems: ["unavailable"],
    samples: [{ label: "Ask", curl: `curl ${SERVER}/metrics`, status: 200 }],
  },
};

const TOKEN_WRITE: readonly ErrorCode[] = ["busy", "unavailable", "outcome-unknown", "no-room"];
const MAKE = `curl -s -H 'Content-Type: application/json' -d '{"name": "ci", "scopes": ["read"]}' ${SERVER}/tokens`;

const TOKENS: OperationDocs = {
  "GET /-/tokens": {
    operationId: "listTokens",
    tag: "Tokens",
    description: "Tokens in the order of their making, without their secrets.",
    answers: {
      200: {
        description: "The tokens.",
        content: json({ type: "array", items: refer("Token") }, [SCHEMA_EXAMPLES["Token"]]),
        fields: NOT_KEPT,
      },
    },
    problems: [],
    samples: [{ label: "List", curl: `curl ${SERVER}/tokens`, status: 200 }],
  },
  "POST /-/tokens": {
    operationId: "createToken",
    tag: "Tokens",
    description: `Makes a token; its secret is answered this once. **Once there is one, every request needs one**, so the first should have
every scope. \`Idempotency-Key\` is refused, as the record would hold the secret.`,
    body: jsonBody("TokenGrant", { name: "ci", scopes: ["read"], prefixes: ["ci/"], expires_in: 86400 }),
    needsBody: true,
    answers: {
      201: {
        description: "Made: the token with its secret.",
        content: json("IssuedToken"),
        fields: [...NOT_KEPT, "Location"],
      },
    },
    problems: [
      ...TOKEN_WRITE,
      ...(["invalid-header", "invalid-json", "invalid-expiry", "length-required"] as const),
      ...(["body-too-large", "unsupported-media-type"] as const),
    ],
    samples: [{ label: "Make", curl: MAKE, status: 201 }],
  },
  "DELETE /-/tokens/{id}": {
    operationId: "revokeToken",
    tag: "Tokens",
    description: "Revokes a token, at once and for good. Again, it answers the same.",
    parameters: ["tokenId"],
    answers: { 200: { description: "Revoked: the token.", content: json("Token"), fields: NOT_KEPT } },
    problems: [...TOKEN_WRITE, "invalid-key", "no-such-resource", "invalid-header"],
    samples: [
      {
        label: "Revoke",
        curl: `id=$(${MAKE} | sed -n 's/.*"id": "\\([^"]*\\)".*/\\1/p')\ncurl -X DELETE ${SERVER}/tokens/$id`,
        status: 200,
      },
    ],
  },
};

const EXPORTED = lines(refer("ExportLine"), "The export.", [{ key: "job1", text: "a", content_type: "text/plain" }]);

const TRANSFER: OperationDocs = {
  "GET /-/backup": {
    operationId: "getBackup",
    tag: "Transfer",
    description: `A copy of the whole store at one instant, as a file that \`keyhold restore\` takes. The answer begins when the copy is whole.
HEAD makes none, and so has neither length nor digest. 501 on a store in memory.`,
    answers: {
      200: {
        description: "The copy.",
        content: { "application/vnd.sqlite3": media({ type: "string", format: "binary" }) },
        fields: NOT_KEPT,
        mayHave: ["Backup-Length", "Repr-Digest", "Revision", "Content-Disposition"],
      },
    },
    problems: ["not-supported", "damaged-entry", "busy", "unavailable", "no-room"],
    samples: [{ label: "Save", curl: `curl -o keyhold.db ${SERVER}/backup`, status: 200 }],
  },
  "GET /-/export": {
    operationId: "exportEntries",
    tag: "Transfer",
    description: `All entries as lines of JSON in key order, byte-exact: a first line, a line an entry, a last line with their number and a
checksum. One that is cut short is gone on with by \`after\`.`,
    parameters: ["prefix", "after"],
    answers: {
      200: {
        description: "The lines.",
        content: {
          "application/x-ndjson": EXPORTED,
        },
        fields: NOT_KEPT,
      },
    },
    problems: ["invalid-key", "damaged-entry", "busy", "unavailable"],
    samples: [{ label: "Save", curl: `curl '${SERVER}/export?prefix=job'`, status: 200 }],
  },
  "POST /-/import": {
    operationId: "importEntries",
    tag: "Transfer",
    description: `Puts the entries of such lines in one commit, all or nothing: 1,000 of them and 8 MiB of values at most. First and last lines
are passed over. Entries whose end has passed are counted as \`expired\`.`,
    parameters: ["onConflict", "idempotencyKey"],
    body: {
      "application/x-ndjson": EXPORTED,
      "*/*": media({ type: "string", description: "The same lines: the type is not looked at." }),
    },
    needsBody: true,
    answers: {
      200: {
        description: "Done: how many entries were put, passed over as they were there, and had ended.",
        content: json("Imported", { imported: 2, skipped: 0, expired: 0 }),
        mayHave: ["Idempotency-Replayed"],
      },
    },
    problems: [
      ...(["invalid-key", "invalid-json", "invalid-header", "invalid-expiry", "already-exists"] as const),
      ...(["length-required", "value-too-large", "body-too-large", "unsupported-media-type"] as const),
      ...(["idempotency-key-reused", "cross-partition", "busy", "unavailable", "outcome-unknown", "no-room"] as const),
    ],
    samples: [
      {
        label: "From an export",
        curl: `curl -X PUT '${EXAMPLE_ORIGIN}/keys?job1=a&job2=b'
curl '${SERVER}/export?prefix=job' | curl --data-binary @- '${SERVER}/import?on_conflict=skip'`,
        status: 200,
      },
    ],
  },
};

const PAGE_HEAD = [
  ...ON_PAGE_FILE,
  "Content-Security-Policy",
  "Cross-Origin-Opener-Policy",
  "Referrer-Policy",
] as const;

/** Of a page that runs in a browser. */
function page(operationId: string, name: string, description: string): OperationDoc {
  return {
    operationId,
    tag: "Pages",
    description: `${description} It holds no data: its script asks for that, with a token where one is asked for. 501 where the server runs from sources and \`npm run build\` has not been run.`,
    answers: {
      200: { description: "The page.", content: HTML, fields: PAGE_HEAD, mayHave: ["Content-Encoding"] },
      304: { description: "The page is as the client has it.", fields: PAGE_HEAD },
    },
    problems: ["not-supported", "invalid-header", "busy"],
    samples: [{ label: "Fetch", curl: `curl ${SERVER}/${name}`, status: 200 }],
  };
}

/** Of a page for terminals and browsers. @param example - as text */
function textOrHtml(example: string, mayHave: Answer["mayHave"] = []): Answer {
  return {
    description: "The page: text, or HTML where `Accept` prefers it.",
    content: { ...text(example), ...HTML },
    fields: ["Cache-Control", "Vary"],
    mayHave: ["Content-Security-Policy", "X-Content-Type-Options", ...mayHave],
  };
}

const PAGES: OperationDocs = {
  "GET /": {
    operationId: "getFrontPage",
    tag: "Pages",
    description: "What Keyhold is, how this server stands, and curl lines that work as they stand.",
    answers: { 200: textOrHtml("Keyhold 0.1.0\n", ["Link"]) },
    problems: [],
    samples: [{ label: "Read", curl: `curl ${EXAMPLE_ORIGIN}`, status: 200 }],
  },
  "GET /-/console": page("getConsole", "console", "The console: entries, tokens and figures, in a browser."),
  "GET /-/docs": page("getReference", "docs", "This document, to be read and tried in a browser."),
  "GET /-/openapi.json": {
    operationId: "getOpenApi",
    tag: "Pages",
    description: "This document.",
    answers: {
      200: {
        description: "The document.",
        content: json({ type: "object" }, { openapi: "3.1.0" }),
        fields: ON_PAGE_FILE,
        mayHave: ["Content-Encoding"],
      },
      304: { description: "The document is as the client has it.", fields: ON_PAGE_FILE },
    },
    problems: ["invalid-header", "busy"],
    samples: [{ label: "Fetch", curl: `curl ${SERVER}/openapi.json`, status: 200 }],
  },
  "GET /-/assets/{name}": {
    operationId: "getAsset",
    tag: "Pages",
    description:
      "A script, style or image that a page loads. Its name changes with its content, so it may be kept for ever.",
    parameters: ["assetName"],
    answers: {
      200: {
        description: "The file.",
        content: { "*/*": media({ type: "string", format: "binary" }, "console.log(1);") },
        fields: ON_PAGE_FILE,
        mayHave: ["Content-Encoding"],
      },
      304: { description: "The file is as the client has it.", fields: ON_PAGE_FILE },
    },
    problems: ["invalid-key", "no-such-resource", "not-supported", "invalid-header", "busy"],
    samples: [
      {
        label: "Fetch what a page loads",
        curl: `file=$(curl -s ${SERVER}/docs | grep -o '/-/assets/[^"]*css')\ncurl ${EXAMPLE_ORIGIN}$file`,
        status: 200,
      },
    ],
  },
  "GET /-/problems/{code}": {
    operationId: "getProblemPage",
    tag: "Pages",
    description: "What a code means, what to do about it, and a curl line that shows it.",
    parameters: ["problemCode"],
    answers: { 200: textOrHtml("# not-found\n\n**404 No entry under this key.**\n") },
    problems: ["invalid-key", "no-such-resource"],
    samples: [{ label: "Read", curl: `curl ${SERVER}/problems/not-found`, status: 200 }],
  },
};

export const SERVER_OPERATIONS: OperationDocs = { ...SERVER_ITSELF, ...TOKENS, ...TRANSFER, ...PAGES };
