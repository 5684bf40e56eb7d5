// The parameters and request fields of all operations, each said once.
import type { Part } from "./operation.ts";

const FLAG: Part = { type: "string", enum: ["1", "true", ""] };
const SECONDS: Part = { type: "number", exclusiveMinimum: 0 };
const TEXT: Part = { type: "string", minLength: 1 };
const TAG_LIST: Part = { type: "string", minLength: 1 };
const DATE: Part = { type: "string" };

function query(name: string, schema: Part, description: string, more: Part = {}): Part {
  return { name, in: "query", description, schema, ...more };
}

/** Written alone, or as 1 or true. */
function flag(name: string, description: string): Part {
  return query(name, FLAG, `${description} Written alone, or as \`1\` or \`true\`.`, { allowEmptyValue: true });
}

function field(name: string, schema: Part, description: string, more: Part = {}): Part {
  return { name, in: "header", description, schema, ...more };
}

function path(name: string, schema: Part, description: string, example: string): Part {
  return { name, in: "path", required: true, description, schema, example };
}

export const PARAMETERS = {
  shortKey: path(
    "key",
    { type: "string", pattern: "^[A-Za-z0-9]{1,255}$" },
    "1 to 255 letters and digits; with `--wide` any key, as at `/keys/{key}`. Not `keys`.",
    "greeting",
  ),
  key: path(
    "key",
    { type: "string", minLength: 1 },
    "1 to 255 bytes of UTF-8 without control characters, and no `.` or `..` between slashes. Slashes may stand raw or as `%2F`.",
    "greeting",
  ),
  tokenId: path("id", { type: "string" }, "As a token's member `id` has it.", "tk_ks3dp5b16yr2"),
  problemCode: path("code", { type: "string" }, "A code, as problems have it.", "not-found"),
  assetName: path("name", { type: "string" }, "As a page names it.", "docs-1a2b3c4d.js"),

  redisCommand: path(
    "command",
    { type: "string", minLength: 1 },
    "A command and its arguments, each a segment of the path of its own: `get/greeting`.",
    "get/greeting",
  ),
  redisCommandWithBody: path(
    "command",
    { type: "string", minLength: 1 },
    "A command and its first arguments, each a segment of the path of its own: `set/greeting`.",
    "set/greeting",
  ),
  unstorageKey: path(
    "key",
    { type: "string", minLength: 1 },
    "As `key` of `/keys/{key}`, its parts separated by `/` or `:`; ends in `:` for all keys beneath.",
    "greeting",
  ),

  wait: query(
    "wait",
    { type: "number", minimum: 0, maximum: 300 },
    "Seconds to wait until there is something new to answer: an entry, one that differs from `If-None-Match`, or a listing that has changed.",
  ),
  since: query(
    "since",
    TEXT,
    "Where to begin: a cursor from the field `Cursor` or an event, `now` (the default), or `0` for everything that there is. With `wait` or `watch`.",
  ),
  watch: flag("watch", "Answers a stream of what happens, instead of a listing."),
  values: query("values", { type: "integer", minimum: 0, maximum: 1 }, "With `watch`: `0` for events without values."),
  touches: flag("touches", "With `watch`: changes of expiry alone are told too."),
  keyList: query(
    "key",
    { type: "array", items: TEXT, maxItems: 1000 },
    "These keys, in key order; repeated. Missing ones are left out. Not beside parameters that narrow the set.",
    { style: "form", explode: true },
  ),
  filter: query(
    "filter",
    { type: "string", minLength: 1, maxLength: 512 },
    "A pattern for the whole key: `$` or `?` is one character, `*` any run, `\\` takes the next literally.",
  ),
  prefix: query("prefix", { type: "string", minLength: 1, maxLength: 255 }, "Keys that begin so."),
  start: query("start", TEXT, "From this key on."),
  end: query("end", TEXT, "Up to this key, which is not part of it."),
  limit: query("limit", { type: "integer", minimum: 1, maximum: 10000 }, "Entries of one page, at most."),
  cursor: query("cursor", TEXT, "Where the next page begins, as the field `Link` of the page before names it."),
  reverse: flag("reverse", "In descending order."),
  namesOnly: flag("keys", "Names alone. Not beside `meta`."),
  meta: flag("meta", "The whole entry: type, size, revision and instants beside the value."),
  count: flag("count", "Adds the field `Total-Count`."),
  after: query("after", TEXT, "Begins behind this key, which need not exist."),
  onConflict: query(
    "on_conflict",
    { type: "string", enum: ["replace", "skip", "fail"], default: "replace" },
    "What an entry under the same key means.",
  ),
  expireIn: query("expire_in", SECONDS, "Seconds until the entry ends, decimals allowed. One expiry a request."),
  expireAt: query(
    "expire_at",
    TEXT,
    "When the entry ends: Unix seconds, or RFC 3339 such as `2030-01-01T00:00:00Z`. One expiry a request.",
  ),
  pairs: query(
    "pairs",
    { type: "object", minProperties: 1, additionalProperties: { type: "string" } },
    "Any name is a key, and its value is text: `?color=blue&size=4`.",
    { style: "form", explode: true, required: true, example: { color: "blue", size: "4" } },
  ),

  redisOptions: query(
    "options",
    { type: "object", additionalProperties: { type: "string" } },
    "Arguments behind those of the path and the body, names and values: `?EX=60&NX`. `_token` is a token, and no argument.",
    { style: "form", explode: true },
  ),
  redisToken: query("_token", TEXT, "A token, where no field `Authorization` can be sent."),
  upstashEncoding: field(
    "Upstash-Encoding",
    { type: "string", enum: ["base64"] },
    "`base64`: strings of the answer but `OK` are in Base64, so that bytes come as they are.",
  ),
  upstashResponseFormat: field(
    "Upstash-Response-Format",
    { type: "string", enum: ["json", "resp2"] },
    "`resp2`: the answer is in Redis' own protocol.",
  ),
  unstorageTtl: field("X-TTL", SECONDS, "Seconds until the item ends."),
  ttl: field("TTL", { type: "integer", minimum: 1 }, "Whole seconds until the entry ends, in place of `expire_in`."),
  ifMatch: field("If-Match", TAG_LIST, "Only if the entry is in one of these states; `*` for any."),
  ifNoneMatch: field(
    "If-None-Match",
    TAG_LIST,
    "Only if the entry is in none of these states; `*` for no entry at all. A read is answered 304 else.",
  ),
  ifModifiedSince: field("If-Modified-Since", DATE, "Only if the entry was written after this date; else 304."),
  ifUnmodifiedSince: field("If-Unmodified-Since", DATE, "Only if the entry was not written after this date."),
  range: field("Range", { type: "string" }, "One range of bytes, such as `bytes=0-99`."),
  ifRange: field("If-Range", { type: "string" }, "The range only if the entry is still in this state."),
  prefer: field(
    "Prefer",
    { type: "string" },
    "`return=representation`: the answer shows what was written, or what was deleted; `return=minimal`: it has no body.",
  ),
  idempotencyKey: field(
    "Idempotency-Key",
    { type: "string", minLength: 1, maxLength: 255 },
    "Names this write, so that sent again it is made once, and answered as the first time. Visible ASCII, new for each write.",
  ),
  lastEventId: field("Last-Event-ID", { type: "string" }, "As `since`, and wins; what browsers send by themselves."),
} as const satisfies Readonly<Record<string, Part>>;

export type ParameterName = keyof typeof PARAMETERS;
