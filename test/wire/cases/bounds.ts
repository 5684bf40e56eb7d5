// Each bound, one below and one above (core/limits.ts), and how what is above it is refused.
import { LIMITS } from "../../../src/core/limits.ts";
import { answeredAs, ask, type CaseGroup, KEY, put, putWhole, refused, refusedAs, storing } from "../wire-case.ts";

const VALUE_BYTES = LIMITS.shortPathValueBytes;
const HEAD = ask("GET /-/healthy", "X-A: ");
const KEY_PARAMETER = `key=${"a".repeat(250)}&`;

/** A request whose head has so many bytes. */
function ofHeadBytes(bytes: number): string {
  return ask("GET /-/healthy", `X-A: ${"a".repeat(bytes - HEAD.length)}`);
}

/** As ofHeadBytes(), in fields of a kilobyte. */
function inManyFields(bytes: number): string {
  const fields = Array.from({ length: 12 }, (_, index) => `X-${index}: ${"a".repeat(1000)}`);
  const rest = bytes - ask("GET /-/healthy", ...fields, "X-A: ").length;
  return ask("GET /-/healthy", ...fields, `X-A: ${"a".repeat(rest)}`);
}

function ofFields(count: number): string {
  return ask("GET /-/healthy", ...Array.from({ length: count - 1 }, (_, index) => `X-${index}: a`));
}

/** A listing by names, whose target has so many bytes. */
function ofTargetBytes(bytes: number): string {
  const begun = `/keys?${KEY_PARAMETER.repeat(Math.floor((bytes - "/keys?key=".length - 1) / KEY_PARAMETER.length))}key=`;
  return ask(`GET ${begun}${"b".repeat(bytes - begun.length)}`);
}

/** The same in one chunk of this many bytes each. */
function inChunks(value: string, chunkBytes: number): string {
  const chunks = Array.from({ length: Math.ceil(value.length / chunkBytes) }, (_, index) => {
    const chunk = value.slice(index * chunkBytes, (index + 1) * chunkBytes);
    return `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
  });
  return put(["Transfer-Encoding: chunked"], `${chunks.join("")}0\r\n\r\n`);
}

const HEAD_TOO_LARGE = { status: 431, code: "head-too-large" } as const;
const TARGET_TOO_LONG = { status: 414, code: "target-too-long" } as const;

const heads = [
  ...answeredAs(
    { status: 200 },
    {
      "a head one byte shorter than it may be": ofHeadBytes(LIMITS.headBytes - 1),
      "a head as long as it may be": ofHeadBytes(LIMITS.headBytes),
      "a head as long as it may be, in many fields": inManyFields(LIMITS.headBytes),
      "one field less than there may be": ofFields(LIMITS.headFields - 1),
      "as many fields as there may be": ofFields(LIMITS.headFields),
    },
  ),
  ...refusedAs(HEAD_TOO_LARGE, {
    "a head one byte longer than it may be": ofHeadBytes(LIMITS.headBytes + 1),
    "a head one byte longer than it may be, in many fields": inManyFields(LIMITS.headBytes + 1),
    "one field more than there may be": ofFields(LIMITS.headFields + 1),
    "a thousand fields": ofFields(1000),
    "a field without an end": `GET / HTTP/1.1\r\nX-A: ${"a".repeat(2 * LIMITS.headBytes)}`,
  }),
  ...Object.entries({
    "a value without an end": `GET / HTTP/1.1\r\nX-A: ${"a".repeat(LIMITS.headBytes)}`,
    "a field's name without an end": `GET / HTTP/1.1\r\n${"a".repeat(LIMITS.headBytes)}`,
    "fields without an end": `GET / HTTP/1.1\r\nHost: h\r\n${`X-A: ${"a".repeat(995)}\r\n`.repeat(40)}`,
  }).map(([name, begun]) => ({
    name: `${name} is refused when it has become too long`,
    steps: [begun],
    answers: [HEAD_TOO_LARGE],
    afterwards: "closed" as const,
  })),
  {
    name: "a field too many is refused before the head ends",
    steps: [`${ofFields(LIMITS.headFields).slice(0, -2)}X-B: a\r\n`],
    answers: [HEAD_TOO_LARGE],
    afterwards: "closed" as const,
  },
];

const targets = [
  ...answeredAs(
    { status: 200, body: "[]" },
    {
      "a target one byte shorter than it may be": ofTargetBytes(LIMITS.targetBytes - 1),
      "a target as long as it may be": ofTargetBytes(LIMITS.targetBytes),
    },
  ),
  ...refusedAs(TARGET_TOO_LONG, {
    "a target one byte longer than it may be": ofTargetBytes(LIMITS.targetBytes + 1),
    "a target of a megabyte": ofTargetBytes(1024 * 1024),
  }),
  {
    name: "a target that is too long is refused before it ends",
    steps: [`GET /${"a".repeat(LIMITS.targetBytes)}`],
    answers: [TARGET_TOO_LONG],
    afterwards: "closed" as const,
  },
  ...refused("method", { "a method without an end": "A".repeat(LIMITS.headBytes) }),
];

const bodies = [
  ...storing("a".repeat(VALUE_BYTES - 1), {
    "a value one byte shorter than it may be": putWhole("a".repeat(VALUE_BYTES - 1)),
    "a chunked value one byte shorter than it may be": inChunks("a".repeat(VALUE_BYTES - 1), 100),
  }),
  ...storing("a".repeat(VALUE_BYTES), {
    "a value as long as it may be": putWhole("a".repeat(VALUE_BYTES)),
    "a chunked value as long as it may be": inChunks("a".repeat(VALUE_BYTES), 100),
    "a chunked value as long as it may be, byte by byte": inChunks("a".repeat(VALUE_BYTES), 1),
  }),
  ...[
    ["a value one byte longer than it may be", putWhole("a".repeat(VALUE_BYTES + 1))] as const,
    ["a chunked value one byte longer than it may be", inChunks("a".repeat(VALUE_BYTES + 1), 100)] as const,
    [
      "a chunked value one byte longer than it may be, in one chunk",
      inChunks("a".repeat(VALUE_BYTES + 1), 2000),
    ] as const,
    ["a value of ten megabytes", putWhole("a".repeat(10 * 1024 * 1024))] as const,
    ["a chunked value of ten megabytes", inChunks("a".repeat(10 * 1024 * 1024), 64 * 1024)] as const,
  ].map(([name, request]) => ({
    name,
    steps: [request],
    answers: [{ status: 413, code: "value-too-large" }],
    afterwards: "as-said" as const,
    stored: null,
  })),
  {
    name: "a value that is too long is refused before it comes",
    steps: [put([`Content-Length: ${VALUE_BYTES + 1}`], "")],
    answers: [{ status: 413, code: "value-too-large" }],
    afterwards: "closed" as const,
    stored: null,
  },
  {
    name: "a value of 999,999,999,999,999 bytes is refused before it comes",
    steps: [put(["Content-Length: 999999999999999"], "")],
    answers: [{ status: 413, code: "value-too-large" }],
    afterwards: "closed" as const,
    stored: null,
  },
  {
    name: "a chunk that is too long is refused before it ends",
    steps: [put(["Transfer-Encoding: chunked"], `ffffff\r\n${"a".repeat(VALUE_BYTES + 1)}`)],
    answers: [{ status: 413, code: "value-too-large" }],
    afterwards: "closed" as const,
    stored: null,
  },
  {
    name: "a megabyte, which is as long as a value may be where none is short",
    steps: [`${ask(`PUT /keys/${KEY}`, "Content-Length: 1048576", "Content-Type: text/x")}${"a".repeat(1024 * 1024)}`],
    answers: [{ status: 201, body: /^\{"/ }],
    afterwards: "open" as const,
    stored: "a".repeat(1024 * 1024),
  },
  {
    name: "a byte more than a megabyte",
    steps: [
      `${ask(`PUT /keys/${KEY}`, "Content-Length: 1048577", "Content-Type: text/x")}${"a".repeat(1024 * 1024 + 1)}`,
    ],
    answers: [{ status: 413, code: "value-too-large" }],
    afterwards: "as-said" as const,
    stored: null,
  },
];

export const BOUNDS: CaseGroup = { title: "bounds", cases: [...heads, ...targets, ...bodies] };
