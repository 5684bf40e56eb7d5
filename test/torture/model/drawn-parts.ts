// The parts that commands are drawn from: names, values, media types, expiries, conditions. They are few on purpose, so that commands
// meet; each has a plain case first, which is what shrinking ends at.
import fc from "fast-check";
import { bytesOf } from "./messages.ts";
import { BYTES, FORM, JSON_TYPE, TEXT } from "./values.ts";

export type Fields = readonly (readonly [name: string, value: string])[];

const SHORT_NAMES = ["a", "b", "c1", "Zz"];
const WIDE_NAMES = ["d/e", "ü", "a//b", "😀 x", 'q"\\', "*$?", "keys", "-/x", "%41+", "a&b=c"];

export const shortName = fc.constantFrom(...SHORT_NAMES);
export const name = fc.oneof(
  { arbitrary: shortName, weight: 3 },
  { arbitrary: fc.constantFrom(...WIDE_NAMES), weight: 2 },
);

/** An entry's place: its path in one dialect, and its name. */
export interface DrawnPlace {
  readonly dialect: "raw" | "json";
  readonly name: string;
  readonly path: string;
}

const rawPlace = shortName.map((each): DrawnPlace => ({ dialect: "raw", name: each, path: `/«P»${each}` }));
export const jsonPlace = fc.tuple(name, fc.boolean()).map(([each, keepsSlashes]): DrawnPlace => {
  const escaped = encodeURIComponent(each);
  return { dialect: "json", name: each, path: `/keys/«P»${keepsSlashes ? escaped.replaceAll("%2F", "/") : escaped}` };
});
export const place = fc.oneof(rawPlace, jsonPlace);

/** JSON texts; what stands between them and a value is docs/protocol.md §3. */
export const jsonText = fc.oneof(
  fc.constantFrom('{"a":1}', "1", '"text"', "null", "true", "[]", "{}", "1.0", "-0", '"\\u00e4"', "[1, 2,3 ]"),
  fc.constantFrom(
    '{"n": 106242075399214372653, "m": 1.0, "a": {"b": [1, {"c": null}]}}',
    '{"$base64":"/w=="}',
    '{"$json":{"$base64":"no"}}',
    '{"$json":"\\ud800"}',
    '{"__proto__":{"x":1},"10":2,"1":3}',
    '"ü \\n \\u0000 😀"',
    '{"a":{"x":1,"y":[1,2,3]},"b":"c","d":null}',
  ),
  fc.json({ maxDepth: 2 }).filter((text) => !text.includes("«") && isKept(text)),
);

/** Without names that stand twice, which objects of JavaScript would have lost. */
function isKept(text: string): boolean {
  return JSON.stringify(JSON.parse(text)) === text;
}

export const plainText = fc
  .oneof(fc.constantFrom("", "hello", "0", "41", "-7", "9007199254740991", "ü😀"), fc.string({ maxLength: 12 }))
  .filter((text) => !text.includes("«"));

/** Bytes of a value, as they are sent. */
export const valueBytes = fc
  .oneof(
    { arbitrary: plainText.map(bytesOf), weight: 4 },
    { arbitrary: jsonText.map(bytesOf), weight: 3 },
    {
      arbitrary: fc.constantFrom("\xff\xfe", "\x00\x01\x80", "007", "+1", "1.5", ' {"a": 1} \n', "{broken"),
      weight: 2,
    },
    { arbitrary: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1")), weight: 1 },
    { arbitrary: fc.constantFrom("«long 1024»", "«long 1023»"), weight: 1 },
  )
  .filter((bytes) => !/\xab|\xbb/.test(bytes.replaceAll(/«long \d+»/g, "")));

/** Null for no field. */
export const mediaType = fc.constantFrom(
  null,
  TEXT,
  JSON_TYPE,
  BYTES,
  "text/plain",
  "application/problem+json",
  "application/json; charset=utf-8",
  "text/html",
  "image/svg+xml",
  FORM,
);

/** As query, and as fields; mostly none. Lives are long, so that none ends unseen while its sequence runs. */
export const expiry = fc.oneof(
  { arbitrary: fc.constant({ query: "", fields: [] as Fields }), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      { query: "expire_in=100000", fields: [] as Fields },
      { query: "expire_in=5000.25", fields: [] as Fields },
      { query: "", fields: [["TTL", "7000"]] as Fields },
      { query: "expire_at=«in 90000»", fields: [] as Fields },
      { query: "expire_at=«iso 80000»", fields: [] as Fields },
    ),
    weight: 3,
  },
);

const tagText = (key: string) =>
  fc.oneof(
    fc.constantFrom("*", `«tag ${key}»`, `«json ${key}»`, `«stale ${key}»`, '"other"', `W/«tag ${key}»`),
    fc.constantFrom(`"one", «tag ${key}»`, `«stale ${key}» ,  "two",W/"three"`, `"a,b", «json ${key}»`),
  );

const DATES = ["Sat, 01 Jan 2000 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "yesterday"];

/** Up to all fields that ask for a state of the entry; mostly one. */
export function conditions(key: string): fc.Arbitrary<Fields> {
  const date = fc.constantFrom(`«second ${key}»`, ...DATES);
  const one = fc.oneof(
    fc.tuple(fc.constant("If-Match"), tagText(key)),
    fc.tuple(fc.constant("If-None-Match"), tagText(key)),
    fc.tuple(fc.constant("If-Modified-Since"), date),
    fc.tuple(fc.constant("If-Unmodified-Since"), date),
  );
  return fc.uniqueArray(one, { minLength: 0, maxLength: 3, selector: ([field]) => field });
}

/** Conditions once in a few times. */
export function perhapsConditions(key: string): fc.Arbitrary<Fields> {
  return fc.oneof({ arbitrary: fc.constant<Fields>([]), weight: 3 }, { arbitrary: conditions(key), weight: 2 });
}

export const perhapsOnce: fc.Arbitrary<Fields> = fc.oneof(
  { arbitrary: fc.constant<Fields>([]), weight: 6 },
  { arbitrary: fc.constantFrom<Fields>([["Idempotency-Key", "«once»"]], [["Idempotency-Key", '"«once»"']]), weight: 1 },
);

export function typeField(type: string | null): Fields {
  return type === null ? [] : [["Content-Type", type]];
}

export function withQuery(path: string, ...parts: readonly string[]): string {
  const query = parts.filter((part) => part !== "").join("&");
  return query === "" ? path : `${path}?${query}`;
}
