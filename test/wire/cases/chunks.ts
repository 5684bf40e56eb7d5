// Chunked bodies (RFC 9112 §7.1): sizes, extensions, the ends of lines and of chunks, trailers.
import { LIMITS } from "../../../src/core/limits.ts";
import { type CaseGroup, putChunks, refused, storing } from "../wire-case.ts";

const LAST = "0\r\n\r\n";

/** "hello" in one chunk that begins with this line, without its end. */
function begun(line: string): string {
  return putChunks(`${line}\r\nhello\r\n${LAST}`);
}

/** "hello" with these lines behind its last chunk, each with its end. */
function trailed(lines: string): string {
  return putChunks(`5\r\nhello\r\n0\r\n${lines}\r\n`);
}

const good = [
  ...storing("hello", {
    "a size with zeros before it": begun("0005"),
    "a size of twelve digits": begun("000000000005"),
    "a last chunk of many zeros": putChunks("5\r\nhello\r\n0000\r\n\r\n"),
    "five chunks": putChunks(`1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n${LAST}`),
    "an extension without a value": begun("5;a"),
    "an extension with a value": begun("5;a=b"),
    "an extension with a quoted value": begun('5;a="b c"'),
    "an extension with a quoted semicolon and escapes": begun('5;a=";\\"\\\\"'),
    "three extensions": begun('5;a;b=c;d="e"'),
    "an extension of the last chunk": putChunks("5\r\nhello\r\n0;a=b\r\n\r\n"),
    "one trailer": trailed("X-Sum: 1\r\n"),
    "three trailers": trailed("X-A: 1\r\nX-B:2\r\nX-C:\r\n"),
    "a trailer that only ends with the name of such a field": trailed("X-Content-Length: 100\r\n"),
    "trailers up to their limit": trailed(`X-A: ${"a".repeat(LIMITS.trailerBytes - "X-A: \r\n\r\n".length)}\r\n`),
    "a line of a chunk as long as it may be": begun(`5;a=${"b".repeat(LIMITS.chunkLineBytes - "5;a=\r\n".length)}`),
  }),
  ...storing("0123456789abcdef01234567890", {
    "a size with letters in either case": putChunks(`1B\r\n0123456789abcdef01234567890\r\n${LAST}`),
  }),
  ...storing("0123456789", { "a size of a letter": putChunks(`a\r\n0123456789\r\n${LAST}`) }),
  ...storing("a\r\nb\r\n0\r\n\r\n", {
    "ends of lines and chunks as data": putChunks(`b\r\na\r\nb\r\n0\r\n\r\n\r\n${LAST}`),
  }),
];

const sizes = refused("chunk-size", {
  "a size with a plus": begun("+5"),
  "a size with a minus": begun("-5"),
  "a size of minus nothing": putChunks("5\r\nhello\r\n-0\r\n\r\n"),
  "a size with 0x": begun("0x5"),
  "a size with a space before it": begun(" 5"),
  "a size with a space behind it": begun("5 "),
  "a size with a tab behind it": begun("5\t"),
  "a size with a space inside": begun("0 5"),
  "a size with a letter that is no digit": begun("5g"),
  "a size with an h behind it": begun("5h"),
  "a size with a NUL behind it": begun("5\x00"),
  "a size with a comma behind it": begun("5,"),
  "a size with a fraction": begun("5.0"),
  "a size of 13 digits": begun("0000000000005"),
  "a size of 17 digits, which a 64-bit number forgets the first of": begun("10000000000000005"),
  "a size of a thousand digits": begun(`${"0".repeat(999)}5`),
  "a size beyond what 64 bits hold": begun("fffffffffffffffff"),
  "no size": begun(""),
  "no size before an extension": begun(";a=b"),
  "a size in full-width digits": begun("\xef\xbc\x95"),
  "an equals sign behind a size": begun("5=a"),
  "a second body behind the last chunk's size": putChunks("5\r\nhello\r\n0 \r\n\r\n"),
});

const extensions = refused("chunk-extension", {
  "an extension without a name": begun("5;"),
  "an extension with a space before its name": begun("5; a=b"),
  "an extension with a space behind its name": begun("5;a =b"),
  "an extension with a space before its value": begun("5;a= b"),
  "an extension with a space behind it": begun("5;a=b "),
  "an extension with an empty value": begun("5;a="),
  "an extension with an open quote": begun('5;a="b'),
  "an extension with a quote inside its value": begun('5;a=b"c'),
  "an extension with more behind its quotes": begun('5;a="b"c'),
  "an extension with a NUL": begun("5;a\x00b"),
  "an extension with a DEL in quotes": begun('5;a="\x7f"'),
  "an extension with an open escape": begun('5;a="b\\"'),
  "two semicolons": begun("5;;a"),
  "a line of a chunk that is one byte longer than it may be": begun(
    `5;a=${"b".repeat(LIMITS.chunkLineBytes + 1 - "5;a=\r\n".length)}`,
  ),
});

const ends = [
  ...refused("chunk-end", {
    "data longer than its size": putChunks(`5\r\nhello!\r\n${LAST}`),
    "data two bytes longer than its size": putChunks(`3\r\nhello\r\n${LAST}`),
    "data shorter than its size": putChunks(`6\r\nhello\r\n${LAST}`),
    "data that ends with a bare LF": putChunks(`5\r\nhello\n${LAST}`),
    "data that ends with a bare CR": putChunks(`5\r\nhello\r${LAST}`),
    "data that ends with LF and CR": putChunks(`5\r\nhello\n\r${LAST}`),
    "data with a space in place of its CR": putChunks(`5\r\nhello \n${LAST}`),
    "data with a letter in place of its LF": putChunks(`5\r\nhello\rX${LAST}`),
    "data without an end": putChunks(`5\r\nhello${LAST}`),
  }),
  ...refused("line-break", {
    "a size that ends with a bare LF": putChunks(`5\nhello\r\n${LAST}`),
    "a size that ends with a bare CR": putChunks(`5\rhello\r\n${LAST}`),
    "a size that ends with CR CR LF": putChunks(`5\r\r\nhello\r\n${LAST}`),
    "a last chunk that ends with a bare LF": putChunks("5\r\nhello\r\n0\n\r\n"),
    "a body that ends with a bare LF": putChunks("5\r\nhello\r\n0\r\n\n"),
    "a body that ends with two bare LF": putChunks("5\r\nhello\r\n0\n\n"),
    "an extension with a bare LF": putChunks(`5;a\nhello\r\n${LAST}`),
    "an extension with a bare LF in quotes": putChunks(`5;a="\n"\r\nhello\r\n${LAST}`),
    "an extension with a bare CR": putChunks(`5;a\rb\r\nhello\r\n${LAST}`),
    "a trailer that ends with a bare LF": trailed("X-A: b\n"),
    "a trailer with a bare CR": trailed("X-A: b\rX-C: d\r\n"),
  }),
];

const trailers = refused("trailer", {
  "a trailer without a colon": trailed("X-A\r\n"),
  "a trailer without a name": trailed(": b\r\n"),
  "a trailer with a space before its colon": trailed("X-A : b\r\n"),
  "a trailer with a space before its name": trailed(" X-A: b\r\n"),
  "a trailer that is folded": trailed("X-A: b\r\n c\r\n"),
  "a trailer with a NUL": trailed("X-A: b\x00\r\n"),
  "a trailer with a DEL": trailed("X-A: b\x7f\r\n"),
  "a request in place of trailers": putChunks("5\r\nhello\r\n0\r\nGET / HTTP/1.1\r\n\r\n"),
  "a trailer that names Content-Length": trailed("Content-Length: 100\r\n"),
  "a trailer that names Transfer-Encoding": trailed("Transfer-Encoding: gzip\r\n"),
  "a trailer that names Host": trailed("Host: other.example\r\n"),
  "a trailer that names Content-Length in another case": trailed("X-A: b\r\ncontent-LENGTH: 100\r\n"),
  "trailers that are one byte longer than they may be": trailed(
    `X-A: ${"a".repeat(LIMITS.trailerBytes + 1 - "X-A: \r\n\r\n".length)}\r\n`,
  ),
});

export const CHUNKS: CaseGroup = {
  title: "chunks",
  cases: [...good, ...sizes, ...extensions, ...ends, ...trailers],
};
