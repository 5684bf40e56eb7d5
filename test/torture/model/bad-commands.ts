// Requests that must be refused and change nothing, each with one thing wrong: drawn from lists, on whatever stands.
import fc from "fast-check";
import type { Command } from "./drafts.ts";
import { type Fields, place, typeField, withQuery } from "./drawn-parts.ts";
import { ask } from "./entry-commands.ts";
import { FORM, JSON_PATCH, JSON_TYPE, MERGE_PATCH } from "./values.ts";

type Drawn = fc.Arbitrary<Command>;

const BAD_LIVES = [
  "expire_in=0",
  "expire_in=-5",
  "expire_in=soon",
  "expire_in=1&expire_at=«in 50»",
  "expire_at=1000",
  "expire_at=«in -60»",
  "expire_at=2027-13-01T00:00:00Z",
  "expire_in=999999999999",
];
const BAD_FIELDS: readonly Fields[] = [
  [["If-Match", '"open']],
  [["If-None-Match", "naked"]],
  [["If-None-Match", '*, "a"']],
  [["If-Match", ""]],
  [["Idempotency-Key", "two words"]],
  [["Idempotency-Key", "x".repeat(256)]],
];
const BAD_FORMS = [
  "incr=",
  "incr=one",
  "incr=1&decr=1",
  "incr=1&append=x",
  "incr=9007199254740992",
  "append=a&prepend=b",
  "incr=1&incr=2",
  "add=1",
  "",
  "expire_in=0",
  "expire_in=5&persist=1",
  "persist=2",
  "min=1",
  "append=x&max=3",
  "incr=1&expire_new=0",
  "append=%zz",
];

export const badWrite: Drawn = place.chain(({ path, dialect }) =>
  fc.oneof(
    fc.constantFrom(...BAD_LIVES).map((life) => bad("PUT", withQuery(path, life), typeField("text/plain"), "never")),
    fc.constantFrom(...BAD_FIELDS).map((fields) => bad("PUT", path, [...typeField("text/plain"), ...fields], "never")),
    fc
      .constantFrom<Fields>([["TTL", "0"]], [["TTL", "1.5"]], [["TTL", "x"]])
      .map((fields) => bad("PUT", path, fields, "never")),
    fc.constantFrom("gzip", "identity").map((coding) => bad("PUT", path, [["Content-Encoding", coding]], "never")),
    fc.constantFrom("PUT", "PATCH").map((method) => bad(method, path, typeField(FORM), null)),
    fc
      .constantFrom("mode=x", "expire_in=5&expire_in=6", "expire_in=")
      .map((query) => bad("PUT", withQuery(path, query), [], "never")),
    fc.constantFrom("POST", "QUERY").map((method) => bad(method, path, [], "never")),
    fc.constantFrom("x=1", "expire_in=5").map((query) => bad("DELETE", withQuery(path, query), [], null)),
    fc.constantFrom("x", "prefix=a", "meta=2").map((query) => bad("GET", withQuery(path, query), [], null)),
    fc.constantFrom(
      bad("DELETE", path, [["If-Match", '"open']], null),
      dialect === "raw" ? tooLong(path) : mismatch(path, "{}"),
    ),
  ),
);

export const badPair: Drawn = fc
  .constantFrom("[]", "1", "true", "null", '{"other": 1}', '{"«P»a": 1, "«P»b": 2}', "{}")
  .map((body) => mismatch("/keys/«P»a", body));

export const badJson: Drawn = fc
  .constantFrom("{", "", '{"«P»a": 01}', '{"«P»a": "\\ud800"}', "{'«P»a': 1}", '{"«P»a": 1}}', "\xff")
  .map((body) => bad("PUT", "/keys/«P»a", typeField(JSON_TYPE), body));

export const badEdit: Drawn = place.chain(({ path }) =>
  fc.oneof(
    fc.constantFrom(...BAD_FORMS).map((form) => bad("PATCH", path, typeField(FORM), form)),
    fc.constantFrom(null, "text/plain", JSON_TYPE).map((type) => bad("PATCH", path, typeField(type), "incr=1")),
    fc.constantFrom(JSON_PATCH, MERGE_PATCH).map((type) => bad("PATCH", path, typeField(type), "[{")),
    fc.constant(bad("PATCH", withQuery(path, "expire_in=5"), typeField(FORM), "incr=1")),
  ),
);

export const badKey: Drawn = fc
  .tuple(
    fc.constantFrom(
      "/«P»a-b",
      "/«P»%zz",
      "/«P»a%2Fb",
      "/keys/«P»/../b",
      "/keys/«P»/./b",
      "/keys/«P»%00",
      "/keys/«P»%ff",
      "/keys/«P»%C2%80",
      "/keys/",
      `/keys/«P»${"x".repeat(256)}`,
    ),
    fc.constantFrom("GET", "PUT", "DELETE"),
  )
  .map(([path, method]) => bad(method, path, [], method === "PUT" ? "never" : null));

export const badCollection: Drawn = fc.constantFrom(
  ...[
    "limit=0",
    "limit=10001",
    "limit=x",
    "keys&meta",
    "prfx=a",
    "prefix=",
    "reverse=2",
    "filter=",
    "key=«P»a",
    "cursor=",
  ].map((query) => bad("GET", `/keys?prefix=«P»&${query}`, [], null)),
  ...["prefx=«P»", "prefix=", "filter=", "key=", "prefix=«P»&key=«P»a", "prefix=«P»&limit=1"].map((query) =>
    bad("DELETE", `/keys?${query}`, [], null),
  ),
  bad("DELETE", "/keys?prefix=«P»", [["If-Match", "*"]], null),
  bad("PUT", "/keys?«P»a=1&«P»a=2", [], null),
  bad("PUT", "/keys?«P»a=1&expire_in=0", [], null),
  bad("PUT", "/keys?«P»a=1", [["If-Match", "open"]], null),
  bad("POST", "/keys", typeField("text/plain"), '{"«P»n": 1}'),
  bad("POST", "/keys", [["If-None-Match", "*"]], '{"«P»n": 1}'),
  bad("POST", "/keys?expire_in=x", [], '{"«P»n": 1}'),
  ...["[1]", "{", '{"«P»n": 1, "«P»n": 2}', '{"«P»n": "\\udfff"}'].map((body) =>
    bad("POST", "/keys", typeField(JSON_TYPE), body),
  ),
  bad("POST", "/keys", typeField(JSON_TYPE), '{"«P»n": 1, "«P»/../x": 2}'),
  bad("PATCH", "/keys", typeField(JSON_TYPE), '{"«P»n": 1}'),
  bad("PATCH", "/keys", [...typeField(MERGE_PATCH), ["If-Match", "*"]], '{"«P»n": 1}'),
  bad("PATCH", "/keys", typeField(MERGE_PATCH), "[1]"),
);

export const badTransaction: Drawn = fc.oneof(
  fc
    .constantFrom(
      "{",
      '{"ops": 1}',
      '{"ops": [{"put": {"key": "«P»a", "value": 1}}, {"delete": {"key": "«P»a"}}]}',
      '{"ops": [{"put": {"key": "«P»a", "value": 1}}, {"put": {"key": "", "value": 1}}]}',
      '{"ops": [{"put": {"key": "«P»a", "value": 1}}, {"swap": {"key": "«P»b"}}]}',
      '{"ops": [{"put": {"key": "«P»a", "value": 1}}], "checks": [{"key": "«P»/.."  , "absent": true}]}',
      '{"ops": [{"put": {"key": "«P»a", "value": 1}}, {"get": {}}]}',
    )
    .map((body) => bad("POST", "/-/txn", typeField(JSON_TYPE), body)),
  fc
    .constantFrom<Fields>([["TTL", "60"]], [["If-Match", "*"]])
    .map((fields) =>
      bad("POST", "/-/txn", [...typeField(JSON_TYPE), ...fields], '{"ops": [{"put": {"key": "«P»a", "value": 1}}]}'),
    ),
  fc.constantFrom("PUT", "DELETE").map((method) => bad(method, "/-/txn", typeField(JSON_TYPE), "{}")),
);

function bad(method: string, target: string, fields: Fields, body: string | null): Command {
  return ask("bad request", method, target, fields, body);
}

function tooLong(path: string): Command {
  return bad("PUT", path, [], "«long 1025»");
}

function mismatch(path: string, body: string): Command {
  return bad("PUT", path, typeField(JSON_TYPE), body);
}
