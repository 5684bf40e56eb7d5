// How answers are framed (RFC 9112 §6.3, RFC 9110 §8.6): the reader of answers checks that each has a Date and that nothing
// follows where it says that it ends; here stand the answers that are framed in their own ways.
import { answeredAs, ask, type CaseGroup, head, KEY, put, putWhole, type WireCase } from "../wire-case.ts";

const LISTED = `[{"${KEY}": "hello"}]`;
/** So many names that the answer is made in parts. */
const MANY_NAMES = `/keys?key=${KEY}${Array.from({ length: 40 }, (_, index) => `&key=${KEY}${index}`).join("")}`;
const STREAM = { "content-length": null, "transfer-encoding": "chunked" } as const;
const PROBLEM = "application/problem+json";

/** Behind a PUT of "hello" on the same connection. */
function afterPut(
  name: string,
  request: string,
  answer: WireCase["answers"][number],
  afterwards: WireCase["afterwards"] = "open",
): WireCase {
  return {
    name,
    steps: [putWhole("hello"), { is: "answered", answers: 1 }, request],
    answers: [{ status: 201 }, answer],
    afterwards,
    stored: "hello",
  };
}

const withoutBody = [
  afterPut("HEAD of a value", ask(`HEAD /${KEY}`), {
    status: 200,
    isHead: true,
    fields: { "content-length": "5", "transfer-encoding": null },
  }),
  afterPut("HEAD of a listing", ask(`HEAD ${MANY_NAMES}`), { status: 200, isHead: true }),
  afterPut("HEAD that is answered 304", ask(`HEAD /${KEY}`, "If-None-Match: *"), {
    status: 304,
    isHead: true,
    fields: { etag: /^"/ },
  }),
  afterPut("HEAD that is answered 412", ask(`HEAD /${KEY}`, 'If-Match: "other"'), { status: 412, isHead: true }),
  afterPut("GET that is answered 304", ask(`GET /${KEY}`, "If-None-Match: *"), {
    status: 304,
    fields: { etag: /^"/, "transfer-encoding": null },
  }),
  { ...afterPut("DELETE that is answered 204", ask(`DELETE /${KEY}`), { status: 204 }), stored: null },
  afterPut("a PUT that is answered 204", putWhole("hello"), { status: 204 }),
  ...answeredAs(
    { status: 404, isHead: true, fields: { "content-type": PROBLEM } },
    { "HEAD of nothing": ask(`HEAD /${KEY}`) },
  ),
  ...answeredAs(
    { status: 400, isHead: true, fields: { "content-type": PROBLEM } },
    { "HEAD of a key that is none": ask(`HEAD /${KEY}-`) },
  ),
  ...answeredAs({ status: 204 }, { "OPTIONS of the collection": ask("OPTIONS /keys") }),
  {
    name: "HEAD that is refused",
    steps: [head("HEAD /-/healthy HTTP/1.1")],
    answers: [{ status: 400, isHead: true, fields: { "content-type": PROBLEM } }],
    afterwards: "closed",
  },
  {
    name: "HEAD with a method that is refused behind it",
    steps: [ask(`HEAD /${KEY}`) + ask(`get /${KEY}`)],
    answers: [
      { status: 404, isHead: true },
      { status: 405, code: "method-not-allowed" },
    ],
    afterwards: "closed",
  },
] satisfies readonly WireCase[];

const withBody = [
  afterPut("GET of a value", ask(`GET /${KEY}`), {
    status: 200,
    body: "hello",
    fields: { "content-length": "5", "transfer-encoding": null, connection: null },
  }),
  afterPut("GET of a part of a value", ask(`GET /${KEY}`, "Range: bytes=1-3"), { status: 206, body: "ell" }),
  afterPut("GET of what lies outside a value", ask(`GET /${KEY}`, "Range: bytes=9-"), { status: 416 }),
  afterPut("GET that is answered 412", ask(`GET /${KEY}`, 'If-Match: "other"'), {
    status: 412,
    code: "precondition-failed",
  }),
  {
    ...afterPut("DELETE that answers what it deleted", ask(`DELETE /${KEY}`, "Prefer: return=representation"), {
      status: 200,
      body: "hello",
    }),
    stored: null,
  },
  {
    name: "GET of an empty value",
    steps: [putWhole(""), ask(`GET /${KEY}`)],
    answers: [{ status: 201 }, { status: 200, body: "", fields: { "content-length": "0" } }],
    afterwards: "open",
    stored: "",
  },
  ...answeredAs({ status: 404, code: "not-found" }, { "GET of nothing": ask(`GET /${KEY}`) }),
  ...answeredAs(
    { status: 404, fields: { "content-type": /^text\/plain/ } },
    { "GET of nothing, by who reads text": ask(`GET /${KEY}`, "Accept: text/plain") },
  ),
] satisfies readonly WireCase[];

const streamed = [
  afterPut("a stream in HTTP/1.1", ask(`GET ${MANY_NAMES}`), {
    status: 200,
    framing: "chunked",
    body: LISTED,
    fields: STREAM,
  }),
  afterPut("a stream of nothing", ask(`GET ${MANY_NAMES.replace(`key=${KEY}&`, "")}`), {
    status: 200,
    framing: "chunked",
    body: "[]",
  }),
  afterPut("a stream of lines", ask(`GET ${MANY_NAMES}`, "Accept: application/x-ndjson"), {
    status: 200,
    framing: "chunked",
    body: `{"${KEY}": "hello"}\n`,
  }),
  afterPut(
    "a stream in HTTP/1.1 whose client asks for the end",
    ask(`GET ${MANY_NAMES}`, "Connection: close"),
    { status: 200, framing: "chunked", body: LISTED, fields: { ...STREAM, connection: "close" } },
    "closed",
  ),
  afterPut(
    "a stream in HTTP/1.0, ended by the connection",
    head(`GET ${MANY_NAMES} HTTP/1.0`),
    { status: 200, framing: "close", body: LISTED, fields: { "transfer-encoding": null, "content-length": null } },
    "closed",
  ),
  afterPut(
    "a stream in HTTP/1.0, whose client would keep the connection",
    head(`GET ${MANY_NAMES} HTTP/1.0`, "Connection: keep-alive"),
    { status: 200, framing: "close", body: LISTED, fields: { "transfer-encoding": null } },
    "closed",
  ),
  afterPut(
    "HEAD of a stream in HTTP/1.0",
    head(`HEAD ${MANY_NAMES} HTTP/1.0`),
    { status: 200, isHead: true, fields: { "transfer-encoding": null } },
    "closed",
  ),
] satisfies readonly WireCase[];

/** What a client sent and an answer would repeat ends no line of it early, and is no octet that others read otherwise. */
const repeated = [
  ...answeredAs(
    { status: 404, fields: { "x-request-id": "abc-1.2_3" } },
    { "a name of the request, repeated": ask(`GET /${KEY}`, "X-Request-Id: abc-1.2_3") },
  ),
  ...answeredAs(
    { status: 404, fields: { "x-request-id": /^[\w.-]+$/ } },
    {
      "a name of the request with octets beyond ASCII": ask(`GET /${KEY}`, "X-Request-Id: abc\xe9"),
      "a name of the request with blanks": ask(`GET /${KEY}`, "X-Request-Id: a b\tc"),
      "two names of the request": ask(`GET /${KEY}`, "X-Request-Id: a", "X-Request-Id: b"),
    },
  ),
  ...answeredAs(
    { status: 400, code: "invalid-header" },
    {
      "a media type with octets beyond ASCII": put(["Content-Length: 5", "Content-Type: text/\xe9"], "hello"),
    },
  ),
];

export const ANSWERS: CaseGroup = {
  title: "how answers are framed",
  cases: [...withoutBody, ...withBody, ...streamed, ...repeated],
};
