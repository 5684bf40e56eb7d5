// Expect: 100-continue (RFC 9110 §10.1.1): the client waits with its body until it is asked for, or refused, or has waited enough.
import {
  answered,
  ask,
  type CaseGroup,
  elsewhere,
  end,
  head,
  KEY,
  put,
  quiet,
  refusedAs,
  type WireCase,
} from "../wire-case.ts";

const EXPECT = "Expect: 100-continue";
const CONTINUE = { status: 100 } as const;
const WRITTEN = { status: 201 } as const;

/** A PUT of "hello" whose client waits to be asked for it. */
function awaited(name: string, expect: string): WireCase {
  return {
    name,
    steps: [put([expect, "Content-Length: 5"], ""), answered(1), "hello"],
    answers: [CONTINUE, WRITTEN],
    afterwards: "open",
    stored: "hello",
  };
}

const met: readonly WireCase[] = [
  awaited("a body by its length, once it is asked for", EXPECT),
  awaited("100-Continue in capitals", "Expect: 100-CONTINUE"),
  awaited("the field in lower case", "expect:100-continue"),
  {
    name: "a chunked body, once it is asked for",
    steps: [put([EXPECT, "Transfer-Encoding: chunked"], ""), answered(1), "5\r\nhello\r\n0\r\n\r\n"],
    answers: [CONTINUE, WRITTEN],
    afterwards: "open",
    stored: "hello",
  },
  {
    name: "a body that comes half, once it is asked for",
    steps: [put([EXPECT, "Content-Length: 5"], ""), answered(1), "he", quiet, "llo"],
    answers: [CONTINUE, WRITTEN],
    afterwards: "open",
    stored: "hello",
  },
  {
    name: "a body that comes with its head is not asked for",
    steps: [put([EXPECT, "Content-Length: 5"], "hello")],
    answers: [WRITTEN],
    afterwards: "open",
    stored: "hello",
    isDripped: false,
  },
  {
    name: "two bodies one behind the other, each once it is asked for",
    steps: [
      put([EXPECT, "Content-Length: 5"], ""),
      answered(1),
      "hello",
      answered(2),
      put([EXPECT, "Content-Length: 5"], ""),
      answered(3),
      "HELLO",
    ],
    answers: [CONTINUE, WRITTEN, CONTINUE, { status: 204 }],
    afterwards: "open",
    stored: "HELLO",
  },
  {
    name: "a body behind a request that waits is asked for when that has been answered",
    steps: [
      ask(`GET /${KEY}?wait=60`) + put([EXPECT, "Content-Length: 5"], ""),
      quiet,
      elsewhere(`${ask(`PUT /${KEY}`, "Content-Length: 5", "Connection: close")}hello`, 201),
      answered(2),
      "HELLO",
    ],
    answers: [{ status: 200, body: "hello" }, CONTINUE, { status: 204 }],
    afterwards: "open",
    stored: "HELLO",
  },
  {
    name: "a malformed chunk in place of the body that is asked for",
    steps: [put([EXPECT, "Transfer-Encoding: chunked"], ""), answered(1), "0x5\r\nhello\r\n0\r\n\r\n"],
    answers: [CONTINUE, { status: 400, code: "invalid-request", rule: "chunk-size" }],
    afterwards: "closed",
    stored: null,
  },
  {
    name: "no body to wait for: GET",
    steps: [ask("GET /-/healthy", EXPECT)],
    answers: [{ status: 200 }],
    afterwards: "open",
  },
  {
    name: "no body to wait for: a PUT of nothing",
    steps: [put([EXPECT, "Content-Length: 0"], "")],
    answers: [WRITTEN],
    afterwards: "open",
    stored: "",
  },
  {
    name: "an expectation in HTTP/1.0, which has none",
    steps: [head(`PUT /${KEY} HTTP/1.0`, EXPECT, "Content-Length: 5"), quiet, "hello"],
    answers: [WRITTEN],
    afterwards: "closed",
    stored: "hello",
  },
  {
    name: "an end in place of the body that is asked for",
    steps: [put([EXPECT, "Content-Length: 5"], ""), answered(1), end],
    answers: [CONTINUE, { status: 400, code: "invalid-request" }],
    afterwards: "closed",
    stored: null,
  },
];

const notAsked: readonly WireCase[] = [
  {
    name: "a body that is too long is refused in place of being asked for",
    steps: [put([EXPECT, "Content-Length: 1025"], "")],
    answers: [{ status: 413, code: "value-too-large" }],
    afterwards: "closed",
    stored: null,
  },
  {
    name: "a body for a key that is none is refused in place of being asked for",
    steps: [ask("PUT /a-b", EXPECT, "Content-Length: 5")],
    answers: [{ status: 400, code: "invalid-key" }],
    afterwards: "closed",
  },
  {
    name: "a body that no method takes is not asked for",
    steps: [ask(`POST /${KEY}`, EXPECT, "Content-Length: 5")],
    answers: [{ status: 405, code: "method-not-allowed" }],
    afterwards: "closed",
  },
  {
    name: "a body that nobody reads is not asked for",
    steps: [ask("GET /-/healthy", EXPECT, "Content-Length: 5")],
    answers: [{ status: 200 }],
    afterwards: "closed",
  },
];

const otherwise = refusedAs(
  { status: 417, code: "expectation-failed" },
  {
    "an expectation that nobody knows": put(["Expect: 200-ok", "Content-Length: 5"], "hello"),
    "an expectation with a parameter": put(["Expect: 100-continue;a=b", "Content-Length: 5"], "hello"),
    "an expectation in quotes": put(['Expect: "100-continue"', "Content-Length: 5"], "hello"),
    "another expectation beside 100-continue": put(["Expect: 100-continue, other", "Content-Length: 5"], "hello"),
    "another expectation in a field of its own": put([EXPECT, "Expect: other", "Content-Length: 5"], "hello"),
    "an expectation on GET": ask("GET /-/healthy", "Expect: other"),
  },
);

export const EXPECTATIONS: CaseGroup = { title: "expectations", cases: [...met, ...notAsked, ...otherwise] };
