// Where a body ends (RFC 9112 §6): what can be read in two ways is how requests are smuggled past a proxy, and is refused.
import {
  ask,
  type CaseGroup,
  head,
  KEY,
  put,
  putChunks,
  refused,
  SMUGGLED,
  storing,
  type WireCase,
} from "../wire-case.ts";

const HELLO = "5\r\nhello\r\n0\r\n\r\n";
const CHUNKED = "Transfer-Encoding: chunked";
const LENGTH = "Content-Length: 5";

/** A body with this Content-Length, as it stands. */
function ofLength(value: string, body = "hello"): string {
  return put([`Content-Length:${value}`], body);
}

/** A chunked body under this Transfer-Encoding, as it stands. */
function coded(value: string): string {
  return put([`Transfer-Encoding:${value}`], HELLO);
}

const bothAtOnce = refused("length-and-coding", {
  "Content-Length before Transfer-Encoding": put([LENGTH, CHUNKED], HELLO),
  "Transfer-Encoding before Content-Length": put([CHUNKED, LENGTH], HELLO),
  "both, with other fields between": put([LENGTH, "X-A: b", "X-C: d", CHUNKED], HELLO),
  "both, in lower case": put(["content-length: 5", "transfer-encoding: chunked"], HELLO),
  "both, in upper case": put(["CONTENT-LENGTH: 5", "TRANSFER-ENCODING: CHUNKED"], HELLO),
  "both, in changing case": put(["cOnTeNt-LeNgTh: 5", "tRaNsFeR-eNcOdInG: cHuNkEd"], HELLO),
  "Content-Length of the whole chunked body beside Transfer-Encoding": put(
    [`Content-Length: ${HELLO.length}`, CHUNKED],
    HELLO,
  ),
  "Content-Length: 0 beside Transfer-Encoding": put(["Content-Length: 0", CHUNKED], HELLO),
  "both on GET": ask("GET /-/healthy", LENGTH, CHUNKED) + HELLO,
  "both, the coding unknown": put([LENGTH, "Transfer-Encoding: identity"], "hello"),
  "both, the coding empty": put([LENGTH, "Transfer-Encoding:"], "hello"),
  "both in HTTP/1.0": head(`PUT /${KEY} HTTP/1.0`, "Host: h", LENGTH, CHUNKED) + HELLO,
});

const codings = refused("transfer-encoding", {
  "Transfer-Encoding that begins with chunked": coded(" chunkedx"),
  "Transfer-Encoding that ends with chunked": coded(" xchunked"),
  "Transfer-Encoding: identity": coded(" identity"),
  "Transfer-Encoding: gzip, chunked": coded(" gzip, chunked"),
  "Transfer-Encoding: chunked, gzip": coded(" chunked, gzip"),
  "Transfer-Encoding: identity, chunked": coded(" identity, chunked"),
  "Transfer-Encoding: chunked, identity": coded(" chunked, identity"),
  "Transfer-Encoding: chunked, chunked": coded(" chunked, chunked"),
  "Transfer-Encoding: chunked, with an empty member behind": coded(" chunked,"),
  "Transfer-Encoding: chunked, with an empty member before": coded(" ,chunked"),
  "Transfer-Encoding: chunked with a parameter": coded(" chunked;q=1"),
  "Transfer-Encoding: chunked in quotes": coded(' "chunked"'),
  "Transfer-Encoding: chunked in single quotes": coded(" 'chunked'"),
  "Transfer-Encoding: chunk ed": coded(" chunk ed"),
  "Transfer-Encoding with a Kelvin sign for its k": coded(" chun\xe2\x84\xaaed"),
  "Transfer-Encoding with a no-break space": coded(" \xa0chunked"),
  "Transfer-Encoding with a NEL behind it": coded(" chunked\x85"),
  "Transfer-Encoding without a value": coded(""),
  "Transfer-Encoding: chunked given twice": put([CHUNKED, CHUNKED], HELLO),
  "Transfer-Encoding: chunked, then identity in a field of its own": put(
    [CHUNKED, "Transfer-Encoding: identity"],
    HELLO,
  ),
  "Transfer-Encoding: identity, then chunked in a field of its own": put(
    ["Transfer-Encoding: identity", CHUNKED],
    HELLO,
  ),
  "Transfer-Encoding: chunked and an empty one": put([CHUNKED, "Transfer-Encoding:"], HELLO),
  "Transfer-Encoding: deflate on GET": ask("GET /-/healthy", "Transfer-Encoding: deflate"),
});

const numbers = refused("content-length", {
  "Content-Length with a plus": ofLength(" +5"),
  "Content-Length with a minus": ofLength(" -5"),
  "Content-Length: -0": ofLength(" -0"),
  "Content-Length in hexadecimal": ofLength(" 0x5"),
  "Content-Length in octal": ofLength(" 0o5"),
  "Content-Length with an exponent": ofLength(" 5e0"),
  "Content-Length with a fraction": ofLength(" 5.0"),
  "Content-Length with a separator": ofLength(" 0_5"),
  "Content-Length with a space inside": ofLength(" 5 5"),
  "Content-Length of letters": ofLength(" five"),
  "Content-Length without a value": ofLength(""),
  "Content-Length of blanks": ofLength(" \t "),
  "Content-Length in quotes": ofLength(' "5"'),
  "Content-Length with a semicolon": ofLength(" 5;"),
  "Content-Length with a comma": ofLength(" 5,"),
  "Content-Length: 5, 5": ofLength(" 5, 5"),
  "Content-Length: 5, 6": ofLength(" 5, 6"),
  "Content-Length: 0, 5": ofLength(" 0, 5"),
  "Content-Length in full-width digits": ofLength(" \xef\xbc\x95"),
  "Content-Length with a superscript digit": ofLength(" 5\xb2"),
  "Content-Length with a no-break space": ofLength(" \xa05"),
  "Content-Length beyond what 64 bits hold": ofLength(" 18446744073709551621"),
  "Content-Length of a hundred digits": ofLength(` ${"9".repeat(100)}`),
  "Content-Length: Infinity": ofLength(" Infinity"),
  "Content-Length given twice, alike": put([LENGTH, LENGTH], "hello"),
  "Content-Length given twice, otherwise": put([LENGTH, `Content-Length: ${5 + SMUGGLED.length}`], "hello"),
  "Content-Length given twice, in either case": put([LENGTH, "content-length: 5"], "hello"),
  "Content-Length: 0, then one that counts": put(["Content-Length: 0", LENGTH], "hello"),
  "Content-Length given twice on GET": `${ask("GET /-/healthy", LENGTH, LENGTH)}hello`,
  "Content-Length with a minus on GET": ask("GET /-/healthy", "Content-Length: -1"),
});

const disguises = [
  ...refused("space-before-colon", {
    "a space before the colon of Content-Length": put(["Content-Length : 5"], "hello"),
    "a tab before the colon of Content-Length": put(["Content-Length\t: 5"], "hello"),
    "a space before the colon of Transfer-Encoding": put(["Transfer-Encoding : chunked"], HELLO),
    "a tab before the colon of Transfer-Encoding": put(["Transfer-Encoding\t: chunked"], HELLO),
    "a spaced Transfer-Encoding beside Content-Length": put([LENGTH, "Transfer-Encoding : chunked"], HELLO),
  }),
  ...refused("field-fold", {
    "Transfer-Encoding with its value on a folded line": put(["Transfer-Encoding:\r\n chunked"], HELLO),
    "Transfer-Encoding hidden in a folded line": put([LENGTH, `X-A: b\r\n ${CHUNKED}`], "hello"),
    "Content-Length folded behind its first digit": put(["Content-Length: 5\r\n 0"], "hello"),
    "Content-Length folded by a tab": put(["Content-Length:\r\n\t5"], "hello"),
    "a fold of blanks alone behind Content-Length": put([`${LENGTH}\r\n `], "hello"),
  }),
  ...refused("field-value", {
    "Transfer-Encoding with a vertical tab before its value": coded(" \x0bchunked"),
    "Transfer-Encoding with a form feed behind its value": coded(" chunked\x0c"),
    "Transfer-Encoding with a NUL behind its value": coded(" chunked\x00"),
    "Content-Length with a vertical tab": ofLength(" \x0b5"),
    "Content-Length with a NUL behind its digit": ofLength(" 5\x00"),
    "Content-Length with a backspace": ofLength(" 55\x08"),
  }),
  ...refused("field-name", {
    "Content-Length with a NUL in its name": put(["Content-Length\x00: 5"], "hello"),
    "Transfer-Encoding with a NUL before its name": put(["\x00Transfer-Encoding: chunked"], HELLO),
    "Transfer-Encoding with a no-break space behind its name": put(["Transfer-Encoding\xa0: chunked"], HELLO),
  }),
  ...refused("line-break", {
    "Transfer-Encoding behind a bare LF in another field": put([LENGTH, `X-A: b\n${CHUNKED}`], HELLO),
    "Transfer-Encoding behind a bare CR in another field": put([LENGTH, `X-A: b\r${CHUNKED}`], HELLO),
    "Content-Length that ends with a bare LF": put([`${LENGTH}\nX-A: b`], "hello"),
  }),
  ...refused("coding-in-1.0", {
    "Transfer-Encoding in HTTP/1.0": head(`PUT /${KEY} HTTP/1.0`, "Host: h", CHUNKED) + HELLO,
    "Transfer-Encoding in HTTP/1.0 that is to be kept":
      head(`PUT /${KEY} HTTP/1.0`, "Connection: keep-alive", CHUNKED) + HELLO,
  }),
];

/** Without a length there is no body: what stands behind the head is the next request, and no rest of this one. */
const none: readonly WireCase[] = Object.entries({
  "a PUT without a length": put([], ""),
  "a PUT with a field Content_Length alone": put(["Content_Length: 5"], ""),
  "a PUT with a field X-Content-Length alone": put(["X-Content-Length: 5"], ""),
  "a PUT with a field Transfer_Encoding alone": put(["Transfer_Encoding: chunked"], ""),
}).map(([name, request]) => ({
  name,
  steps: [request + ask("GET /-/healthy")],
  answers: [{ status: 411, code: "length-required" }, { status: 200 }],
  afterwards: "open",
  stored: null,
}));

const plain = [
  ...storing("hello", {
    "Content-Length without a space": ofLength("5"),
    "Content-Length between tabs": ofLength("\t5\t"),
    "Content-Length between many spaces": ofLength("     5     "),
    "Content-Length with zeros before it": ofLength(" 0005"),
    "Content-Length in lower case": put(["content-length: 5"], "hello"),
    "Transfer-Encoding: chunked": putChunks(HELLO),
    "Transfer-Encoding: Chunked, in capitals": coded(" CHUNKED"),
    "Transfer-Encoding: chunked without a space": coded("chunked"),
    "Transfer-Encoding: chunked between blanks": coded(" \t chunked \t "),
    "a field Content_Length beside Content-Length": put(["Content_Length: 1", LENGTH], "hello"),
    "a field Transfer_Encoding beside Content-Length": put(["Transfer_Encoding: chunked", LENGTH], "hello"),
    "Connection: content-length beside Content-Length": put(["Connection: content-length", LENGTH], "hello"),
    "Connection: transfer-encoding beside Transfer-Encoding": put(["Connection: transfer-encoding", CHUNKED], HELLO),
    "TE: trailers beside Content-Length": put(["TE: trailers", LENGTH], "hello"),
  }),
  ...storing("helloworld", { "Content-Length: 010 is ten and not eight": ofLength(" 010", "helloworld") }),
  ...storing("", {
    "Content-Length: 0": ofLength(" 0", ""),
    "Content-Length: 000": ofLength(" 000", ""),
    "a chunked body of nothing": putChunks("0\r\n\r\n"),
  }),
  ...storing(SMUGGLED, {
    "a request as the body of another, by its length": ofLength(` ${SMUGGLED.length}`, SMUGGLED),
    "a request as the body of another, chunked": putChunks(
      `${SMUGGLED.length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`,
    ),
  }),
];

export const LENGTHS: CaseGroup = {
  title: "where a body ends",
  cases: [...bothAtOnce, ...codings, ...numbers, ...disguises, ...none, ...plain],
};
