// What is done to a whole request before it is sent: its parts changed one by one, so that it is still a request that is led far
// into the server, or its octets, so that it may be none. Texts are octets, one a character.
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Field, WholeRequest } from "./route-requests.ts";

const LONG_LENGTHS = [100, 1000, 4000, 12_300, 40_000];
// biome-ignore format: as a table it stays short
const ODD_TEXTS = [
  "", "0", "-1", "1", "00", "1e999", "-0", "9007199254740993", "18446744073709551616", "99999999999999999999", "NaN", "null", "true", "{}", "[]", "\"", "\\", "*", "**", "[a-",
  "%", "%00", "%zz", "%C3%A9", "%ff", "+", "&", "=", "?", "#", "/", "//", "..", ".", ":", ";", ",", " ", "\t", "\0", "\x7f", "\x80", "\xff", "\xc3\xa9", "\xed\xa0\x80", "\xf0\x9f\x98\x80",
  "\r", "\n", "\r\n", "\r\n\r\n", "a=b", "W/\"1\"", "\"1-a\", *", "bytes=0-", "bytes=5-1", "bytes=-0", "Sun, 06 Nov 1994 08:49:37 GMT", "2026-02-30T00:00:00Z", "1ms", "-1s", "1000000y", "__proto__",
  "{\"$base64\": \"\"}", "{\"$base64\": \"=\"}", "$base64", "\\ud800", "\\u0000", "constructor", "kh_", "tk_", "chunked", "close", "100-continue", "gzip",
];
const METHODS = [
  "GET",
  "HEAD",
  "PUT",
  "POST",
  "PATCH",
  "DELETE",
  "OPTIONS",
  "QUERY",
  "TRACE",
  "BREW",
  "get",
  "CONNECT",
];
// biome-ignore format: as a table it stays short
const FIELDS: readonly Field[] = [
  ["If-Match", "*"], ["If-None-Match", "*"], ["If-None-Match", "\"1-a\""], ["If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"], ["If-Unmodified-Since", "yesterday"], ["Range", "bytes=0-0"],
  ["Accept", "text/plain"], ["Accept", "application/json"], ["Accept", "text/event-stream"], ["Accept", "application/x-ndjson"], ["Accept-Encoding", "gzip"], ["Content-Encoding", "gzip"],
  ["Content-Type", "application/json; charset=latin1"], ["Content-Type", "multipart/form-data; boundary=\"a"], ["TTL", "1"], ["X-TTL", "-1"], ["Prefer", "return=representation, wait=10"],
  ["Idempotency-Key", "\"again\""], ["Idempotency-Key", "again, \"b\""], ["Origin", "http://evil.example"], ["X-Forwarded-For", "1.2.3.4"], ["Last-Event-ID", "9.zz"], ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["Expect", "100-continue"], ["Connection", "close"], ["Connection", "keep-alive, x"], ["Upgrade", "h2c"], ["Host", "b.example"], ["TE", "trailers"], ["Authorization", "Bearer kh_x"], ["Cookie", "a=b"],
];

export type RequestMutation = (request: WholeRequest, random: SeededRandom) => WholeRequest;

/** The request stays one that is framed well. */
export const PART_MUTATIONS: readonly RequestMutation[] = [
  (request, random) => ({ ...request, method: random.pick(METHODS) }),
  (request, random) => ({ ...request, target: changeTarget(request.target, random) }),
  (request, random) => ({ ...request, target: changeTarget(request.target, random) }),
  (request, random) => ({ ...request, target: changeQuery(request.target, random) }),
  (request, random) => ({ ...request, target: changeQuery(request.target, random) }),
  (request, random) => ({ ...request, fields: [...request.fields, random.pick(FIELDS)] }),
  (request, random) => ({ ...request, fields: changeField(request.fields, random) }),
  (request, random) => ({ ...request, fields: request.fields.filter(() => !random.oneIn(2)) }),
  (request, random) => ({
    ...request,
    fields: request.fields.flatMap((field) => (random.oneIn(2) ? [field, field] : [field])),
  }),
  (request, random) => ({ ...request, body: changeText(request.body, random) }),
  (request, random) => ({ ...request, body: changeText(request.body, random) }),
  (request, random) => ({ ...request, body: changeJson(request.body, random) }),
  (request, random) => ({ ...request, body: changeJson(request.body, random) }),
  (request, random) => ({ ...request, body: changeJson(request.body, random) }),
];

const TEXT_MUTATIONS: readonly ((text: string, random: SeededRandom) => string)[] = [
  (text, random) => edit(text, random, (octet) => String.fromCharCode(octet ^ (1 << random.below(8)))),
  (text, random) => edit(text, random, () => String.fromCharCode(random.below(256))),
  (text, random) => edit(text, random, () => random.pick(ODD_TEXTS)),
  (text, random) => edit(text, random, () => ""),
  (text, random) => edit(text, random, (octet) => String.fromCharCode(octet) + random.pick(ODD_TEXTS)),
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  (text) => text + text,
  (text, random) =>
    text + String.fromCharCode(33 + random.below(90)).repeat(random.oneIn(20) ? random.pick(LONG_LENGTHS) : 30),
  (text, random) => replaceOne(text, random, /\d+/g, () => random.pick(ODD_TEXTS)),
  (text, random) => replaceOne(text, random, /[a-z]+/gi, () => random.pick(ODD_TEXTS)),
];

/** One change of its octets. */
export function changeText(text: string, random: SeededRandom): string {
  return random.pick(TEXT_MUTATIONS)(text, random);
}

function edit(text: string, random: SeededRandom, by: (octet: number) => string): string {
  if (text === "") return random.pick(ODD_TEXTS);
  const at = random.below(text.length);
  return text.slice(0, at) + by(text.charCodeAt(at)) + text.slice(at + 1);
}

function replaceOne(text: string, random: SeededRandom, pattern: RegExp, by: (found: string) => string): string {
  const matches = [...text.slice(0, 4000).matchAll(pattern)];
  if (matches.length === 0) return text;
  const { index, 0: found } = random.pick(matches);
  return text.slice(0, index) + by(found) + text.slice(index + found.length);
}

function changeTarget(target: string, random: SeededRandom): string {
  const parts = target.split("/");
  const at = random.below(parts.length);
  switch (random.below(5)) {
    case 0:
      return parts.map((part, index) => (index === at ? random.pick(ODD_TEXTS) : part)).join("/");
    case 1:
      return parts.flatMap((part, index) => (index === at ? [part, part] : [part])).join("/");
    case 2:
      return `${random.pick(["http://localhost", "http://b.example", "//", "*", ""])}${target}`;
    case 3:
      return target + (random.oneIn(20) ? "k".repeat(random.pick(LONG_LENGTHS)) : random.pick(ODD_TEXTS));
    default:
      return changeText(target, random);
  }
}

// biome-ignore format: as a table it stays short
const PARAMETERS = [
  "wait", "since", "watch", "values", "touches", "key", "filter", "prefix", "start", "end", "limit", "cursor", "reverse", "keys", "meta", "count", "after", "on_conflict", "expire_in", "expire_at", "a", "",
];

function changeQuery(target: string, random: SeededRandom): string {
  const [path = "", query = ""] = target.split("?");
  const pairs = query === "" ? [] : query.split("&");
  const changed = pairs.map((pair) => (random.oneIn(2) ? `${pair.split("=")[0]}=${random.pick(ODD_TEXTS)}` : pair));
  const added = Array.from({ length: random.below(3) }, () => {
    const value = random.oneIn(3) ? "" : `=${random.pick(ODD_TEXTS)}`;
    return `${random.pick(PARAMETERS)}${value}`;
  });
  return `${path}?${[...changed, ...added].join("&")}`;
}

function changeField(fields: readonly Field[], random: SeededRandom): readonly Field[] {
  const at = random.below(Math.max(1, fields.length));
  return fields.map(([name, value], index): Field => {
    if (index !== at) return [name, value];
    if (random.oneIn(30)) return [name, "v".repeat(random.pick(LONG_LENGTHS))];
    return random.oneIn(4) ? [changeText(name, random), value] : [name, changeText(value, random)];
  });
}

// biome-ignore format: as a table it stays short
const JSON_TEXTS = [
  "null", "true", "-0", "1e400", "1E-400", "9007199254740993", "0.1000", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\xff\"", "[]", "{}", "[[]]", "{\"\":{}}", "{\"a\":1,\"a\":2}", "{\"__proto__\":1}",
  "{\"$base64\":\"AAE=\"}", "{\"$base64\":\"A\"}", "{\"$base64\":1,\"x\":2}", "01", "+1", ".5", "1.", "nul", "'a'", "NaN", "\"\n\"", "//", "{\"a\"}", "[1,]", "",
];

/** A value, a name or a mark of the text by another, by which it is often still JSON. */
function changeJson(text: string, random: SeededRandom): string {
  switch (random.below(5)) {
    case 0:
      return replaceOne(text, random, /"[^"\\]*"|-?\d[\d.eE+-]*|true|false|null/g, () => random.pick(JSON_TEXTS));
    case 1:
      return replaceOne(text, random, /"[^"\\]*"/g, (found) => `${found}:${random.pick(JSON_TEXTS)},${found}`);
    case 2:
      return replaceOne(
        text,
        random,
        /[[\]{},:]/g,
        (found) => found + random.pick([...JSON_TEXTS, "[", "{", "]", "}", ","]),
      );
    case 3:
      return random.oneIn(10) ? `${"[".repeat(random.pick(LONG_LENGTHS))}${text}` : `[${text},${text}]`;
    default:
      return replaceOne(text, random, /"[^"\\]*"/g, () => `"${random.pick(ODD_TEXTS)}"`);
  }
}
