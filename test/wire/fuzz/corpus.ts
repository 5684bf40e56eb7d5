// The seeds of the fuzzing: requests as clients send them, and in each part of one, now and then, what a client that means ill
// would send there. Streams are texts of octets, a UTF-16 unit each (latin1), until they are delivered.
import type { SeededRandom } from "../../support/seeded-random.ts";

/** One in so many parts of a request is a nasty one. */
const NASTY_ODDS = 80;
/** One in so many requests comes with something large, for the bounds. */
const LARGE_ODDS = 250;

// biome-ignore format: as a table it stays short
const METHODS = [
  "GET", "GET", "GET", "PUT", "PUT", "POST", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "QUERY", "TRACE",
];
// biome-ignore format: as a table it stays short
const ODD_METHODS = [
  "CONNECT", "PRI", "BREW", "get", "GETT", "GE", "M-SEARCH", "SOURCE", "LINK", "PROPFIND", "SETUP", "", " GET", "GET ",
  "G T", "G\tT", "\0GET", "GE\xc9", "GET:", "\x16\x03\x01", "!#$%&'*+-.^_`|~", "A".repeat(70),
];

// biome-ignore format: as a table it stays short
const TARGETS = [
  "/", "/abc", "/keys/a%20b", "/keys?prefix=a&limit=3", "/a/../b", "/%C3%A9", "/keys/a//b", "/-/info", "/~a;b=c",
];
// biome-ignore format: as a table it stays short
const ODD_TARGETS = [
  "*", "*x", "http://a.example/x?y=z", "http://a.example", "http://a.example?q", "HTTP://A.example:80/",
  "https://a.example/b", "http://[::1]:8080/x", "http://u@a.example/", "http:///x", "http://a b/", "ftp://a.example/",
  "a.example:443", "abc", "?q", "", "/a#b", "/a b", "/a\tb", "/a\0b", "/a\x7fb", "/a\xc3\xa9", "/\xe2\x82\xac/\xff",
  "/a%zz", "/a\\b", "/\"<>{}|^`", "//a.example/x", "/a HTTP/1.1", "/\r\n", "/a\fb", "http://", "http:/x",
  "http://a.example:/x", "http://a.example:99999/x", "http://a.example/\xc3\xa9",
];

// biome-ignore format: as a table it stays short
const ODD_VERSIONS = [
  "HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/1.10",
  "HTTP/1", "HTTP/11", "http/1.1", "HTTP/1.1 ", "HTTP /1.1", "HTTP/1,1", "ICE/1.0", "RTSP/1.0", "", "HTTP/ 1.1",
  "HTTP/1.1\t", "HTTP/1.1\0", "HTTP/3.0", "HTTPS/1.1",
];

const LINE_ENDS = ["\n", "\r", "\r\r\n", "\n\r", "\r\n ", "\r\n\t", " \r\n", "\r\n\r\n", "\x0b\r\n", "\0\r\n", ""];

const HOSTS = ["a.example", "127.0.0.1:3000", "[::1]:3000", "A.EXAMPLE", "localhost", "x"];
// biome-ignore format: as a table it stays short
const ODD_HOSTS = [
  "", " ", "a b", "a/b", "u@a", "a:b", "a,b", "a\xe9", "[::1", "a.example:", ":80", "a?b", "a#b", "%41",
];

// biome-ignore format: as a table it stays short
const FIELDS = [
  "Accept: */*", "User-Agent: curl/8.14.1", "Content-Type: text/plain", "If-None-Match: *", "If-Match: \"1-a\"",
  "X-A: b", "x-a: c", "Accept-Encoding: gzip, deflate, br", "Cookie: a=b; c=d", "Empty:", "Blank: ", "Tabbed:\ta\tb\t",
  "Latin: \xe9\xff", "Range: bytes=0-1", "Authorization: Bearer abc", "Idempotency-Key: \"k\"", "TE: trailers",
  "Trailer: X-T", "Via: 1.1 p", "X-Colons: a:b::c", "A.b_c~!#$%&'*+-^`|: x", "Keep-Alive: timeout=5",
  "Content-Encoding: gzip", "TTL: 60", "Upgrade: websocket",
];
// biome-ignore format: as a table it stays short
const ODD_FIELDS = [
  "X : y", "X\t: y", " X: y", "\tX: y", "X Y: z", ": y", "X", "X\xe9: y", "X\0: y", "X: a\0b", "X: a\x01b",
  "X: a\x7fb", "X: a\rb", "X: a\nb", "X: a\r\n b", "X: a\r\n\tb", "X:\r\n b", "X: \x0bb", "X\r\n: y", "X;: y",
  "\"X\": y", "(X): y", "X: y\r", "\0", "Content-Length : 3", "Transfer-Encoding : chunked", "Host : b.example",
  "Transfer\xadEncoding: chunked", "Content_Length: 5", "HTTP/1.1: x", "GET / HTTP/1.1",
  "Upgrade: h2c\r\nConnection: Upgrade", "Host: b.example", "Host: a.example", "host: a.example", "Content-Length: 0",
  "content-length: 7", "Transfer-Encoding: chunked", "transfer-encoding: identity", "Expect: 100-continue",
  "Expect: 200-ok", "Expect:", "Expect: 100-continue, x", "expect: 100-CONTINUE",
];

// biome-ignore format: as a table it stays short
const CONNECTIONS = [
  "close", "keep-alive", "Close", "Keep-Alive", "close, keep-alive", "keep-alive, close", "x, close", "close,",
  ",close", " close ", "closed", "close x", "close;a", "upgrade", "te", "", "keep-alive\r\nConnection: close",
  "close\r\nConnection: keep-alive", "transfer-encoding",
];

// biome-ignore format: as a table it stays short
const ODD_CODINGS = [
  "identity", "gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "CHUNKED", "Chunked", "chunked ",
  " chunked", "chunked\t", "\tchunked", "chunked;a=b", "xchunked", "chunkedx", "", ",chunked", "chunked,",
  "\"chunked\"", "chunked\r\nTransfer-Encoding: chunked", "identity\r\nTransfer-Encoding: chunked", "chun\r\n ked",
  "\x0bchunked", "chunke", "chunked\0", "deflate,\tchunked",
];
/** Behind the data of a chunk. */
const ODD_CHUNK_ENDS = [
  "XX",
  "",
  "\n",
  "\r",
  "\n\n",
  "\r\r",
  "\n\r",
  "  ",
  "a",
  "\r\n\r\n",
  "\0\0",
  "0\r\n\r\n",
  " \r\n",
];
const EXTENSIONS = [";a", ";a=b", ';a="b c"', ";a;b=c", ';a="\\""'];
// biome-ignore format: as a table it stays short
const ODD_EXTENSIONS = [
  ";", " ;a", "; a", ";a = b", ";a=", ";=b", ";a=\"b", ";a=\"b\r\n", ";a\n", ";a\rb", ";a\0", ";\xe9", ";a=\"\xe9\"",
  ";a=\"\x01\"", " ", "\t;a", ";;", ";a=b c", ";a=\"b\"c", ";a,b", ";a=\"\t\"", ";a=\"\\", ";a=\"b\";c", "=a",
];
const TRAILERS = ["X-T: y", "X-T: y\r\nX-U: z", "Digest: abc", 'ETag: "x"'];
// biome-ignore format: as a table it stays short
const ODD_TRAILERS = [
  "Content-Length: 3", "Transfer-Encoding: chunked", "Host: b", "Connection: close", "Connection: keep-alive", "X : y",
  " X: y", "X", "X: a\r\n b", "X: \0", ": y", "GET / HTTP/1.1", "X: y\n", "X: y\rZ: a", "Trailer: x",
  "Upgrade: x\r\nConnection: upgrade", "Expect: 100-continue",
];

/** What stands in place of a length, most of it near to the right one. */
// biome-ignore format: as a table it stays short
const ODD_LENGTHS: readonly ((length: number) => string)[] = [
  () => "", (n) => `+${n}`, (n) => `-${n}`, () => "-1", (n) => `0x${n.toString(16)}`, (n) => `${n}.0`, (n) => `${n},${n}`, (n) => `${n}, ${n}`,
  (n) => `${n} ${n}`, (n) => `0${n}`, (n) => `${n} `, (n) => `${n}\t`, (n) => `\t${n}`, (n) => `${n}e0`, (n) => `${n};a`, (n) => `"${n}"`,
  () => "\xd9\xa3", (n) => `${n}\0`, (n) => String(2 ** 32 + n), (n) => String(2n ** 64n + BigInt(n)), (n) => String(2n ** 63n + BigInt(n)),
  (n) => String(2n ** 53n + BigInt(n)), () => "99999999999999999999", () => "18446744073709551615", () => "a", () => "00",
  (n) => `${n}\r\nContent-Length: ${n}`, (n) => `${n}\r\nContent-Length: ${n + 1}`, (n) => `${n + 1}\r\ncontent-length: ${n}`, (n) => `0\r\nContent-length: ${n}`,
];
// biome-ignore format: as a table it stays short
const ODD_SIZES: readonly ((size: string) => string)[] = [
  () => "", (n) => `0x${n}`, (n) => `+${n}`, (n) => `-${n}`, (n) => ` ${n}`, (n) => `${n} `, (n) => `${n}\t`, (n) => `0${n}`, (n) => n.padStart(20, "0"),
  () => "g", (n) => `${n}g`, (n) => `1${n.padStart(8, "0")}`, (n) => `1${n.padStart(16, "0")}`, (n) => `${n}\n`, (n) => `${n}\r`, (n) => `${n}\0`, (n) => `${n}.`,
  (n) => `${n},${n}`, () => "00", () => "FFFFFFFFFFFFFFFF", () => "fffffffffffffff", () => "7fffffffffffffff", () => "80000000", (n) => `${n}h`, (n) => `0X${n}`,
];

/** One to four requests, one behind the other. */
export function makeRequests(random: SeededRandom): string {
  let stream = "";
  const count = 1 + random.below(4);
  for (let index = 0; index < count; index++) {
    if (random.oneIn(40)) stream += random.pick(["\r\n", "\r\n\r\n", "\n", "\r", "\r\n\r\n\r\n", " \r\n", "\0"]);
    stream += makeRequest(random);
  }
  return stream;
}

export function makeRequest(random: SeededRandom): string {
  const or = <T>(usual: readonly T[], odd: readonly T[]) => random.pick(random.oneIn(NASTY_ODDS) ? odd : usual);
  const isLarge = random.oneIn(LARGE_ODDS);
  const space = () => or([" "], ["  ", "\t", "", " \t", "\x0b", "\xa0", "\r"]);
  let target = or(TARGETS, ODD_TARGETS);
  if (isLarge && random.oneIn(3)) target += "a".repeat(random.pick([12_270, 12_288, 16_000, 40_000]));
  const line = `${or(METHODS, ODD_METHODS)}${space()}${target}${space()}${or(["HTTP/1.1"], ODD_VERSIONS)}`;
  const fields = makeFields(random);
  if (isLarge && random.oneIn(2)) fields.push(...largeFields(random));
  const { framing, body } = random.oneIn(isLarge ? 1 : 2) ? makeBody(random, isLarge) : { framing: [], body: "" };
  for (const each of framing) fields.splice(random.below(fields.length + 1), 0, each);
  const end = () => or(["\r\n"], random.oneIn(4) ? LINE_ENDS : ["\r\n"]);
  return `${line}${end()}${fields.map((field) => `${field}${end()}`).join("")}${end()}${body}`;
}

function makeFields(random: SeededRandom): string[] {
  const fields: string[] = [];
  if (!random.oneIn(NASTY_ODDS)) {
    const name = random.oneIn(8) ? random.pick(["host", "HOST", "hOsT"]) : "Host";
    fields.push(`${name}: ${random.pick(random.oneIn(NASTY_ODDS) ? ODD_HOSTS : HOSTS)}`);
  }
  const others = random.below(5);
  for (let index = 0; index < others; index++)
    fields.push(random.pick(random.oneIn(NASTY_ODDS * 2) ? ODD_FIELDS : FIELDS));
  if (random.oneIn(8))
    fields.push(`Connection: ${random.pick(random.oneIn(3) ? CONNECTIONS : ["keep-alive", "Keep-Alive"])}`);
  return fields;
}

function largeFields(random: SeededRandom): readonly string[] {
  const fields = random.pick([1, 60, 94, 95, 96, 99, 100, 101, 300]);
  const length = random.pick([1, 1, 60, 150, 400]);
  return Array.from({ length: fields }, (_, index) => `X-${index}: ${"v".repeat(length)}`);
}

/** The fields that frame a body, and the body. */
function makeBody(random: SeededRandom, isLarge: boolean): { framing: readonly string[]; body: string } {
  const content = makeContent(random, isLarge);
  const isOdd = random.oneIn(NASTY_ODDS / 2);
  if (random.oneIn(2)) {
    const length = isOdd
      ? random.pick(ODD_LENGTHS)(content.length)
      : String(content.length + (random.oneIn(40) ? random.pick([-1, 1]) : 0));
    const framing = [`${random.pick(["Content-Length", "content-length", "Content-length"])}: ${length}`];
    if (random.oneIn(60)) framing.push("Transfer-Encoding: chunked");
    if (random.oneIn(30)) framing.push("Expect: 100-continue");
    return { framing, body: content };
  }
  const framing = [
    `${random.pick(["Transfer-Encoding", "transfer-encoding"])}: ${isOdd ? random.pick(ODD_CODINGS) : "chunked"}`,
  ];
  if (random.oneIn(60)) framing.push(`Content-Length: ${random.pick(["0", "3", String(content.length)])}`);
  if (random.oneIn(30)) framing.push("Expect: 100-continue");
  return { framing, body: makeChunks(random, content) };
}

function makeChunks(random: SeededRandom, content: string): string {
  const or = (usual: readonly string[], odd: readonly string[]) => random.pick(random.oneIn(NASTY_ODDS) ? odd : usual);
  const extension = () => (random.oneIn(6) ? or(EXTENSIONS, ODD_EXTENSIONS) : "");
  const end = () => or(["\r\n"], random.oneIn(2) ? LINE_ENDS : ["\r\n"]);
  let chunks = "";
  for (let at = 0; at < content.length; ) {
    const length = Math.min(content.length - at, 1 + random.below(random.pick([2, 20, 2000, content.length])));
    const size = random.oneIn(NASTY_ODDS) ? random.pick(ODD_SIZES)(length.toString(16)) : sizeOf(length, random);
    chunks += `${size}${extension()}${end()}${content.slice(at, at + length)}${or(["\r\n"], ODD_CHUNK_ENDS)}`;
    at += length;
  }
  const trailer = random.oneIn(6) ? `${or(TRAILERS, random.oneIn(2) ? ODD_TRAILERS : TRAILERS)}${end()}` : "";
  return `${chunks}${random.oneIn(20) ? "000" : "0"}${extension()}${end()}${trailer}${end()}`;
}

function sizeOf(length: number, random: SeededRandom): string {
  const size = length.toString(16);
  return random.oneIn(5) ? size.toUpperCase() : random.oneIn(10) ? size.padStart(8, "0") : size;
}

function makeContent(random: SeededRandom, isLarge: boolean): string {
  if (isLarge) return "0123456789abcdef".repeat(random.pick([100, 4_090, 4_096, 5_000, 9_000]));
  return random.pick([
    "",
    "a",
    "abc",
    '{"a": 1}',
    "\0\xff\r\n",
    "0\r\n\r\n",
    "GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n",
    "abc".repeat(random.below(60)),
  ]);
}
