// Commands on several entries, drawn: listings, writes and deletions of sets, transactions, and requests that are sent again.
import fc from "fast-check";
import type { Command } from "./drafts.ts";
import { expiry, type Fields, jsonText, name, perhapsOnce, plainText, typeField, withQuery } from "./drawn-parts.ts";
import { ask, memberText } from "./entry-commands.ts";
import { FORM, JSON_TYPE, MERGE_PATCH } from "./values.ts";

type Drawn = fc.Arbitrary<Command>;

/** Behind the prefix of all keys. */
const FILTERS = ["*", "$", "?", "a*", "*b*", "c$", "\\*\\$\\?", "*/*", "ü", "$ x", "*%*", "**"];
const set = fc.oneof(
  fc.constant("prefix=«P»"),
  fc.constantFrom("a", "c", "d/", "ü", "zz").map((each) => `prefix=«P»${encodeURIComponent(each)}`),
  fc.constantFrom(...FILTERS).map((filter) => `filter=«P»${encodeURIComponent(filter)}`),
  fc
    .uniqueArray(name, { minLength: 1, maxLength: 3 })
    .map((names) => names.map((each) => `key=«P»${encodeURIComponent(each)}`).join("&")),
);

export const list: Drawn = fc
  .record({
    method: fc.constantFrom("GET", "GET", "GET", "HEAD"),
    set,
    start: fc.option(fc.constantFrom("a", "b", "ü"), { freq: 4 }),
    end: fc.option(fc.constantFrom("b", "d", "😀"), { freq: 4 }),
    limit: fc.option(fc.constantFrom("1", "2", "3", "10000"), { freq: 3 }),
    flags: fc.uniqueArray(fc.constantFrom("reverse", "count=1", "meta", "keys=true"), { maxLength: 2 }),
    accept: fc.constantFrom(null, null, "application/x-ndjson", "text/plain", "*/*", "text/html"),
  })
  .map(({ method, set: which, start, end, limit, flags, accept }) => {
    const isNamed = which.startsWith("key=");
    const bounds = isNamed
      ? []
      : [
          start === null ? "" : `start=«P»${encodeURIComponent(start)}`,
          end === null ? "" : `end=«P»${encodeURIComponent(end)}`,
        ];
    const page = isNamed || limit === null ? "" : `limit=${limit}`;
    // A filter alone narrows by what it begins with; bounds of a whole store's listing need the prefix.
    const target = withQuery("/keys", which, ...bounds, page, ...flags);
    return ask("list", method, target, accept === null ? [] : [["Accept", accept]], null);
  });

const pairs = fc.uniqueArray(fc.tuple(name, jsonText), { minLength: 1, maxLength: 4, selector: ([each]) => each });
const jsonOrForm = fc.constantFrom<Fields>([], typeField(JSON_TYPE), typeField(FORM));

export const create: Drawn = fc
  .record({ pairs, type: jsonOrForm, expiry, once: perhapsOnce })
  .map(({ pairs: members, type, expiry: life, once }) => {
    const body = `{${members.map(([each, text]) => memberText(each, text)).join(", ")}}`;
    return ask("create", "POST", withQuery("/keys", life.query), [...type, ...life.fields, ...once], body);
  });

const setConditions = fc.constantFrom<Fields>([], [], [["If-None-Match", "*"]], [["If-Match", "*"]]);

export const putPairs: Drawn = fc
  .record({
    pairs: fc.uniqueArray(fc.tuple(name, plainText), { minLength: 1, maxLength: 4, selector: ([each]) => each }),
    expiry,
    conditions: setConditions,
    once: perhapsOnce,
  })
  .map(({ pairs: members, expiry: life, conditions, once }) => {
    const parts = members.map(
      ([each, text]) => `«P»${encodeURIComponent(each)}=${encodeURIComponent(text).replaceAll("%20", "+")}`,
    );
    return ask(
      "put several",
      "PUT",
      withQuery("/keys", ...parts, life.query),
      [...life.fields, ...conditions, ...once],
      null,
    );
  });

export const mergeSeveral: Drawn = fc
  .record({
    members: fc.uniqueArray(fc.tuple(name, fc.oneof(jsonText, fc.constant("null"))), {
      minLength: 1,
      maxLength: 4,
      selector: ([each]) => each,
    }),
    expiry,
    once: perhapsOnce,
  })
  .map(({ members, expiry: life, once }) => {
    const body = `{${members.map(([each, text]) => memberText(each, text)).join(", ")}}`;
    return ask(
      "merge several",
      "PATCH",
      withQuery("/keys", life.query),
      [...typeField(MERGE_PATCH), ...life.fields, ...once],
      body,
    );
  });

export const removeSet: Drawn = fc
  .record({ set, once: perhapsOnce })
  .map(({ set: which, once }) => ask("delete a set", "DELETE", withQuery("/keys", which), once, null));

const life = fc.constantFrom("", ', "expire_in": 9000', ', "expire_at": «in 60000»', ', "expire_at": "«iso 65000»"');
const checkOf = (key: string) =>
  fc.constantFrom(`{${key}, "absent": true}`, `{${key}, "exists": true}`, `{${key}, "revision": «revision X»}`);

function keyText(each: string): string {
  return memberText(each, "").slice(0, -2).replace(/^/, '"key": ');
}

const operation = name.chain((each) => {
  const key = keyText(each);
  return fc
    .oneof(
      fc
        .tuple(jsonText, life)
        .map(([value, ends]) => `{"put": {${key}, "value": ${Buffer.from(value).toString("latin1")}${ends}}}`),
      fc.constant(`{"put": {${key}, "value": "7", "content_type": "text/x-seven"}}`),
      fc.constant(`{"delete": {${key}}}`),
      fc
        .constantFrom(
          "",
          ', "by": -3, "min": 0',
          ', "initial": 5, "max": 8',
          ', "by": 2, "expire_in": 800',
          ', "expire_new": 700',
        )
        .map((rest) => `{"incr": {${key}${rest}}}`),
      fc
        .constantFrom('"expire_in": 9500', '"persist": true', '"expire_at": «in 40000»')
        .map((rest) => `{"touch": {${key}, ${rest}}}`),
    )
    .map((text) => [each, text] as const);
});

export const transact: Drawn = fc
  .record({
    checks: fc.array(
      name.chain((each) =>
        checkOf(keyText(each)).map((check) => check.replace("«revision X»", `«revision ${gapName(each)}»`)),
      ),
      { maxLength: 2 },
    ),
    ops: fc.uniqueArray(operation, { maxLength: 4, selector: ([each]) => each }),
    gets: fc.array(name, { maxLength: 2 }),
    otherwise: fc.array(name, { maxLength: 2 }),
    once: perhapsOnce,
  })
  .map(({ checks, ops, gets, otherwise, once }) => {
    const reads = (names: readonly string[]) => names.map((each) => `{"get": {${keyText(each)}}}`);
    const operations = [...ops.map(([, text]) => text), ...reads(gets)].join(", ");
    const body = `{"checks": [${checks.join(", ")}], "ops": [${operations}], "else": [${reads(otherwise).join(", ")}]}`;
    return ask("transact", "POST", "/-/txn", [...typeField(JSON_TYPE), ...(ops.length > 0 ? once : [])], body);
  });

export const again: Drawn = fc
  .record({ index: fc.nat(20), isChanged: fc.constantFrom(false, false, true) })
  .map(({ index, isChanged }): Command => ({ kind: "again", index, isChanged }));

export const follow: Drawn = fc.constantFrom(0, 0, 0, 1, 2, 5).map((index): Command => ({ kind: "follow", index }));

/** In a gap of a body, names stand as text, which is made bytes with the rest. */
function gapName(each: string): string {
  return each;
}
