// Request lines, fields and the ends of lines (RFC 9112 §2.2, §3 and §5), and what is no HTTP/1 at all.
import {
  answeredAs,
  ask,
  type CaseGroup,
  head,
  KEY,
  put,
  putWhole,
  refused,
  refusedAs,
  storing,
} from "../wire-case.ts";

const LENGTH = "Content-Length: 5";
const HOST = "Host: h";
const OTHER_VERSION = { status: 505, code: "version-not-supported" } as const;
const HEALTHY = ask("GET /-/healthy");

/** A GET with this line among its fields. */
function withLine(line: string): string {
  return ask("GET /-/healthy", "X-A: b", line, "X-C: d");
}

/** A GET with this request line. */
function withRequestLine(line: string): string {
  return head(line, HOST);
}

const lineBreaks = refused("line-break", {
  "a request line that ends with a bare LF": `GET /-/healthy HTTP/1.1\n${HOST}\r\n\r\n`,
  "a request line that ends with a bare CR": `GET /-/healthy HTTP/1.1\r${HOST}\r\n\r\n`,
  "a request line that ends with CR CR LF": `GET /-/healthy HTTP/1.1\r\r\n${HOST}\r\n\r\n`,
  "a head of bare LF alone": `GET /-/healthy HTTP/1.1\n${HOST}\n\n`,
  "a field that ends with a bare LF": withLine("X-B: c\nX-D: e"),
  "a field that ends with a bare CR": withLine("X-B: c\rX-D: e"),
  "a field that ends with CR CR LF": withLine("X-B: c\r"),
  "a field that ends with LF CR": withLine("X-B: c\n\rX-D: e"),
  "a field without a value that ends with a bare LF": withLine("X-B:\nX-D: e"),
  "a bare LF in a field's name": withLine("X-\nB: c"),
  "a bare LF in place of the empty line": `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\n`,
  "a bare CR in place of the empty line": `GET /-/healthy HTTP/1.1\r\n${HOST}\r\n\rX-A: b\r\n\r\n`,
  "a bare LF before the request line": `\n${HEALTHY}`,
  "a bare CR before the request line": `\r${HEALTHY}`,
  "an empty line of a bare LF behind one of CRLF": `\r\n\n${HEALTHY}`,
});

const requestLines = [
  ...refused("request-line", {
    "two spaces behind the method": withRequestLine("GET  /-/healthy HTTP/1.1"),
    "two spaces behind the target": withRequestLine("GET /-/healthy  HTTP/1.1"),
    "a space behind the version": withRequestLine("GET /-/healthy HTTP/1.1 "),
    "a tab behind the version": withRequestLine("GET /-/healthy HTTP/1.1\t"),
    "a space in the target": withRequestLine("GET /-/hea lthy HTTP/1.1"),
    "HTTP/0.9: no version": "GET /-/healthy\r\n",
    "no version, and fields": withRequestLine("GET /-/healthy"),
    "no version, and a space in its place": withRequestLine("GET /-/healthy "),
    "no target": withRequestLine("GET HTTP/1.1"),
    "no target, and two spaces": withRequestLine("GET  HTTP/1.1"),
    "a version in lower case": withRequestLine("GET /-/healthy http/1.1"),
    "a version of HTTPS": withRequestLine("GET /-/healthy HTTPS/1.1"),
    "a version of another protocol": withRequestLine("GET /-/healthy RTSP/1.0"),
    "a version without its minor number": withRequestLine("GET /-/healthy HTTP/1"),
    "a version with an open end": withRequestLine("GET /-/healthy HTTP/1."),
    "a version of two digits": withRequestLine("GET /-/healthy HTTP/1.10"),
    "a version of two digits before the dot": withRequestLine("GET /-/healthy HTTP/11.1"),
    "a version with a comma": withRequestLine("GET /-/healthy HTTP/1,1"),
    "a version with a letter": withRequestLine("GET /-/healthy HTTP/1.x"),
    "a version with a space": withRequestLine("GET /-/healthy HTTP/ 1.1"),
    "a version with a plus": withRequestLine("GET /-/healthy HTTP/+1.1"),
    "many empty lines before the request line": `${"\r\n".repeat(20)}${HEALTHY}`,
  }),
  ...refused("method", {
    "a space before the method": ` ${HEALTHY}`,
    "a tab behind the method": withRequestLine("GET\t/-/healthy HTTP/1.1"),
    "a colon in the method": withRequestLine("GE:T /-/healthy HTTP/1.1"),
    "a NUL before the method": `\x00${HEALTHY}`,
    "a NUL in the method": withRequestLine("G\x00T /-/healthy HTTP/1.1"),
    "a byte-order mark before the method": `\xef\xbb\xbf${HEALTHY}`,
    "a letter with an accent in the method": withRequestLine("G\xc9T /-/healthy HTTP/1.1"),
    "a method longer than any that there is": withRequestLine(`${"A".repeat(65)} /-/healthy HTTP/1.1`),
    "a field in place of the request line": head(HOST, "X-A: b"),
    "a body without a request": "{}",
    "a status line": head("HTTP/1.1 200 OK", "Content-Length: 0"),
  }),
  ...refusedAs(OTHER_VERSION, {
    "HTTP/0.9 that says so": withRequestLine("GET /-/healthy HTTP/0.9"),
    "HTTP/1.2": withRequestLine("GET /-/healthy HTTP/1.2"),
    "HTTP/1.9": withRequestLine("GET /-/healthy HTTP/1.9"),
    "HTTP/2.0": withRequestLine("GET /-/healthy HTTP/2.0"),
    "HTTP/3.0": withRequestLine("GET /-/healthy HTTP/3.0"),
    "HTTP/9.9": withRequestLine("GET /-/healthy HTTP/9.9"),
    "the preface of HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04\x00\x00\x00\x00\x00",
  }),
  ...answeredAs(
    { status: 200 },
    {
      "one empty line before the request line": `\r\n${HEALTHY}`,
      "two empty lines before the request line": `\r\n\r\n${HEALTHY}`,
    },
  ),
];

const fields = [
  ...refused("field-name", {
    "a field without a colon": withLine("X-B"),
    "a field without a name": withLine(": c"),
    "a space inside a field's name": withLine("X B: c").replace("X B", "X@B"),
    "brackets in a field's name": withLine("X-B[]: c"),
    "a parenthesis in a field's name": withLine("X-B(: c"),
    "a slash in a field's name": withLine("X/B: c"),
    "quotes around a field's name": withLine('"X-B": c'),
    "a comma in a field's name": withLine("X,B: c"),
    "a letter with an accent in a field's name": withLine("X-\xc9: c"),
    "a NUL in a field's name": withLine("X-\x00B: c"),
    "a DEL in a field's name": withLine("X-\x7fB: c"),
    "an equals sign in place of the colon": withLine("X-B=c"),
    "a line of a body in place of a field": withLine('{"a"}'),
  }),
  ...refused("space-before-colon", {
    "a space before a colon": withLine("X-B : c"),
    "a tab before a colon": withLine("X-B\t: c"),
    "a space inside a field's name and none before its colon": withLine("X B: c"),
    "a space before the colon of Host": head("GET /-/healthy HTTP/1.1", "Host : h"),
    "a space before the colon of the first field": head("GET /-/healthy HTTP/1.1", "X-A : b", HOST),
    "a space before the colon of the last field": ask("GET /-/healthy", "X-A : b"),
  }),
  ...refused("field-fold", {
    "a field folded by a space": withLine("X-B: c\r\n d"),
    "a field folded by a tab": withLine("X-B: c\r\n\td"),
    "a fold behind the request line": head("GET /-/healthy HTTP/1.1", ` ${HOST}`, HOST),
    "a fold of Host": head("GET /-/healthy HTTP/1.1", "Host:\r\n h"),
    "a fold that hides a request": withLine(`X-B: c\r\n PUT /${KEY} HTTP/1.1`),
    "a line of blanks alone": withLine("  "),
  }),
  ...refused("field-value", {
    "a NUL in a value": withLine("X-B: c\x00d"),
    "a bell in a value": withLine("X-B: c\x07"),
    "a vertical tab in a value": withLine("X-B: c\x0bd"),
    "a form feed in a value": withLine("X-B: c\x0cd"),
    "an escape in a value": withLine("X-B: \x1b[31m"),
    "a unit separator in a value": withLine("X-B: c\x1f"),
    "a DEL in a value": withLine("X-B: c\x7fd"),
    "a NUL before a value": withLine("X-B:\x00c"),
    "a NUL in Host": head("GET /-/healthy HTTP/1.1", "Host: h\x00"),
  }),
  ...answeredAs(
    { status: 200 },
    {
      "a field without a value": withLine("X-B:"),
      "a field of blanks": withLine("X-B: \t "),
      "a tab behind the colon": withLine("X-B:\tc"),
      "blanks inside a value": withLine("X-B: c \t d"),
      "octets beyond ASCII in a value": withLine("X-B: \xe9\xff\x80"),
      "every character that a name may have": withLine("!#$%&'*+-.^_`|~09AZaz: c"),
      "every character that a value may have": withLine(
        `X-B: ${Array.from({ length: 0x5e }, (_, index) => String.fromCharCode(0x21 + index)).join("")}`,
      ),
      "one field twice": withLine("X-B: c\r\nX-B: d"),
      "a field whose name is a number": withLine("1: c"),
      "a request in a value": withLine(`X-B: PUT /${KEY} HTTP/1.1`),
      "colons in a value": withLine("X-B: c: d:e"),
      "a field that begins with a colon behind its own": withLine("X-B::c"),
    },
  ),
];

const strangers = [
  ...refused("method", {
    "a TLS hello": "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\x00\x01\x02\x03\x04\x05",
    "a hello of SSL 2": "\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10",
    "a command of RESP": "PING\r\n",
    "a greeting of SMTP": "EHLO\r\n",
    "the first bytes of SSH": "SSH-2.0-OpenSSH_9.6\r\n",
    zeros: "\x00".repeat(64),
    "all that a byte may be": Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join(""),
  }).map((wireCase) => (wireCase.name.includes("TLS") ? { ...wireCase, notOn: ["TLS" as const] } : wireCase)),
];

const written = storing("hello", {
  "a PUT behind an empty line": `\r\n${putWhole("hello")}`,
  "a PUT with its fields in another order": head(`PUT /${KEY} HTTP/1.1`, LENGTH, "X-A: b", HOST).concat("hello"),
  "a PUT with thirty fields": put(
    [LENGTH, ...Array.from({ length: 28 }, (_, index) => `X-${index}: ${index}`)],
    "hello",
  ),
});

export const HEADS: CaseGroup = {
  title: "heads",
  cases: [...lineBreaks, ...requestLines, ...fields, ...strangers, ...written],
};
