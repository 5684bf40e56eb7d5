// Commands on one entry, drawn: reads, writes, edits, and lives that end at once.
import fc from "fast-check";
import type { Command } from "./drafts.ts";
import {
  conditions,
  expiry,
  type Fields,
  jsonPlace,
  jsonText,
  mediaType,
  perhapsConditions,
  perhapsOnce,
  place,
  plainText,
  shortName,
  typeField,
  valueBytes,
  withQuery,
} from "./drawn-parts.ts";
import { bytesOf } from "./messages.ts";
import { FORM, JSON_PATCH, JSON_TYPE, MERGE_PATCH } from "./values.ts";

type Drawn = fc.Arbitrary<Command>;

const RANGES = [
  "bytes=0-0",
  "bytes=1-",
  "bytes=-3",
  "bytes=2-5",
  "bytes=0-9999",
  "bytes=1024-",
  "bytes=-0",
  "bytes=5-2",
  "bytes=0-1,3-4",
  "lines=1-2",
];
const prefer = fc.constantFrom<Fields>([], [["Prefer", "return=minimal"]], [["Prefer", "return=representation"]]);

export const read: Drawn = place.chain(({ path, name, dialect }) =>
  fc
    .record({
      method: fc.constantFrom("GET", "GET", "HEAD"),
      conditions: perhapsConditions(name),
      range: fc.option(fc.constantFrom(...RANGES), { freq: 3 }),
      ifRange: fc.option(fc.constantFrom(`«tag ${name}»`, `«stale ${name}»`, `W/«tag ${name}»`, `«second ${name}»`), {
        freq: 3,
      }),
      accept: fc.constantFrom(
        null,
        null,
        "*/*",
        JSON_TYPE,
        "application/octet-stream",
        `«type ${name}»`,
        "application/json;q=0.1, application/octet-stream",
        "image/png",
      ),
      isWhole: fc.constantFrom(false, false, false, true),
    })
    .map(({ method, conditions: asked, range, ifRange, accept, isWhole }) => {
      const fields: Fields = [
        ...asked,
        ...(range === null ? [] : [["Range", range] as const]),
        ...(range === null || ifRange === null ? [] : [["If-Range", ifRange] as const]),
        ...(accept === null || dialect === "raw" ? [] : [["Accept", accept] as const]),
      ];
      return ask(
        isWhole && dialect === "json" ? "read whole" : "read",
        method,
        withQuery(path, isWhole && dialect === "json" ? "meta" : ""),
        fields,
        null,
      );
    }),
);

export const put: Drawn = place.chain(({ path, name, dialect }) =>
  fc
    .record({
      body: valueBytes,
      type: mediaType,
      expiry,
      conditions: perhapsConditions(name),
      prefer,
      once: perhapsOnce,
    })
    .map(({ body, type, expiry: life, conditions: asked, prefer: preference, once }) => {
      const fields = [
        ...typeField(type),
        ...life.fields,
        ...asked,
        ...(dialect === "json" ? preference.filter(isMinimal) : []),
        ...once,
      ];
      return ask("put", "PUT", withQuery(path, life.query), fields, body);
    }),
);

export const putPair: Drawn = jsonPlace.chain(({ path, name }) =>
  fc
    .record({
      text: jsonText,
      isForm: fc.boolean(),
      expiry,
      conditions: perhapsConditions(name),
      prefer,
      once: perhapsOnce,
    })
    .map(({ text, isForm, expiry: life, conditions: asked, prefer: preference, once }) => {
      const type = typeField(isForm ? FORM : JSON_TYPE);
      const fields = [...type, ...life.fields, ...asked, ...preference.filter(isMinimal), ...once];
      return ask("put a pair", "PUT", withQuery(path, life.query), fields, pairText(name, text));
    }),
);

export const remove: Drawn = place.chain(({ path, name, dialect }) =>
  fc
    .record({
      conditions: perhapsConditions(name),
      prefer,
      accept: fc.constantFrom(null, "application/octet-stream", "image/png"),
      once: perhapsOnce,
    })
    .map(({ conditions: asked, prefer: preference, accept, once }) => {
      const takes = preference.filter(([, value]) => value === "return=representation");
      const view: Fields = takes.length === 0 || accept === null || dialect === "raw" ? [] : [["Accept", accept]];
      return ask(takes.length > 0 ? "take" : "delete", "DELETE", path, [...asked, ...takes, ...view, ...once], null);
    }),
);

const steps = fc
  .record({
    step: fc.constantFrom(
      "incr=1",
      "decr=1",
      "incr=-5",
      "decr=40",
      "incr=9007199254740991",
      "decr=9007199254740990",
      "incr=0",
    ),
    initial: fc.constantFrom("", "initial=10", "initial=-3"),
    min: fc.constantFrom("", "", "min=0", "min=-20"),
    max: fc.constantFrom("", "", "max=12", "max=100"),
  })
  .map(({ step, initial, min, max }) => [step, initial, min, max]);

const additions = fc
  .tuple(fc.constantFrom("append", "prepend"), fc.oneof(plainText, fc.constant("x".repeat(900))))
  .map(([way, text]) => [`${way}=${encodeURIComponent(text)}`]);

const formLife = fc.constantFrom("", "", "", "expire_in=4000", "expire_at=«in 50000»", "persist=1", "expire_new=3000");

export const editByForm: Drawn = place.chain(({ path, name, dialect }) =>
  fc
    .record({
      edit: fc.oneof(steps, steps, additions),
      life: formLife,
      conditions: perhapsConditions(name),
      prefer,
      once: perhapsOnce,
    })
    .map(({ edit, life, conditions: asked, prefer: preference, once }) => {
      const form = [...edit, life].filter((part) => part !== "").join("&");
      const preferred = preference.filter(isMinimal).length > 0 === (dialect === "json") ? preference : [];
      return ask("edit", "PATCH", path, [...typeField(FORM), ...asked, ...preferred, ...once], form);
    }),
);

export const touch: Drawn = place.chain(({ path, name }) =>
  fc
    .record({
      life: fc.constantFrom("expire_in=6000", "expire_in=1234.5", "expire_at=«in 70000»", "persist=1"),
      conditions: perhapsConditions(name),
      once: perhapsOnce,
    })
    .map(({ life, conditions: asked, once }) =>
      ask("touch", "PATCH", path, [...typeField(FORM), ...asked, ...once], life),
    ),
);

/** A counter that is often there, so that its bounds are met. */
export const countAgain: Drawn = shortName.map((each) =>
  ask("count", "PATCH", `/«P»${each}`, typeField(FORM), "incr=7&max=30&min=0"),
);

export const mergePatch: Drawn = place.chain(({ path, name }) =>
  fc
    .record({ patch: jsonText, expiry, conditions: perhapsConditions(name), once: perhapsOnce })
    .map(({ patch, expiry: life, conditions: asked, once }) => {
      const fields = [...typeField(MERGE_PATCH), ...life.fields, ...asked, ...once];
      return ask("merge", "PATCH", withQuery(path, life.query), fields, bytesOf(patch));
    }),
);

const pointer = fc.constantFrom(
  "",
  "/a",
  "/a/b",
  "/a/b/0",
  "/a/b/-",
  "/a/b/7",
  "/n",
  "/missing/x",
  "/0",
  "/-",
  "/__proto__",
);
const operation = fc.oneof(
  fc
    .tuple(fc.constantFrom("add", "replace", "test"), pointer, jsonText)
    .map(([op, path, value]) => `{"op":"${op}","path":"${path}","value":${value}}`),
  pointer.map((path) => `{"op":"remove","path":"${path}"}`),
  fc
    .tuple(fc.constantFrom("copy", "move"), fc.constantFrom("/a", "/n", "/a/b"), fc.constantFrom("/z", "/n", "/0"))
    .map(([op, from, path]) => `{"op":"${op}","from":"${from}","path":"${path}"}`),
);

export const jsonPatch: Drawn = place.chain(({ path, name }) =>
  fc
    .record({
      operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
      conditions: perhapsConditions(name),
      once: perhapsOnce,
    })
    .map(({ operations, conditions: asked, once }) =>
      ask("patch", "PATCH", path, [...typeField(JSON_PATCH), ...asked, ...once], bytesOf(`[${operations.join(",")}]`)),
    ),
);

/** A value that JSON patches apply to, where nothing else would often be. */
export const putObject: Drawn = place.map(({ path, name, dialect }) => {
  const text = '{"a":{"b":[1,2.50,{"c":"d"}]},"n":10000000000000000000001}';
  const body = dialect === "raw" ? text : pairText(name, text);
  return ask("put an object", "PUT", path, typeField(JSON_TYPE), body);
});

/** Lives that end before the next command; whoever runs them waits until that is certain. */
export const shortLife: Drawn = place.chain(({ path }) =>
  fc
    .constantFrom("expire_in=0.03", "expire_in=0.05")
    .map((life) => ask("short life", "PUT", withQuery(path, life), typeField("text/plain"), "brief")),
);

export const shorten: Drawn = place.map(({ path }) => ask("shorten", "PATCH", path, typeField(FORM), "expire_in=0.04"));

export const onlyConditions: Drawn = place.chain(({ path, name, dialect }) =>
  conditions(name).map((asked) => ask("read", "GET", path, dialect === "raw" ? asked : [...asked], null)),
);

export function ask(name: string, method: string, target: string, fields: Fields, body: string | null): Command {
  return { kind: "ask", name, draft: { method, target, fields, body } };
}

/** `{key: value}` of a name and the text of a value. */
export function pairText(name: string, text: string): string {
  return `{${memberText(name, text)}}`;
}

export function memberText(name: string, text: string): string {
  return `"«P»${bytesOf(JSON.stringify(name).slice(1))}: ${bytesOf(text)}`;
}

function isMinimal([, value]: readonly [string, string]): boolean {
  return value === "return=minimal";
}
