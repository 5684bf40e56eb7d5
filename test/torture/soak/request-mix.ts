// What a server is asked for while it is soaked: a little of everything that clients do, over keys that are so many and no more, so
// that a store which keeps growing does so by itself.
import type { SeededRandom } from "../../support/seeded-random.ts";

export interface MixedRequest {
  readonly kind: string;
  /** The whole request, as it goes on the wire. */
  readonly text: string;
  readonly isHead: boolean;
  /** What it may be answered with; every other status is a fault. */
  readonly statuses: readonly number[];
}

interface Asked {
  readonly line: string;
  readonly fields?: Readonly<Record<string, string>>;
  /** Of ASCII. */
  readonly body?: string;
  readonly statuses: readonly number[];
}

const KEYS = 20_000;
const HOT_KEYS = 200;
const COUNTERS = 16;
const VALUE_BYTES_MAX = 1000;
const LONG_VALUE_BYTES = 12_000;
const TEXT = { "Content-Type": "text/plain" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const JSON_TYPE = { "Content-Type": "application/json" };
const FILL = "x".repeat(LONG_VALUE_BYTES);

/** Each as often as its weight says. */
const KINDS: readonly {
  readonly kind: string;
  readonly weight: number;
  readonly draw: (random: SeededRandom, number: number) => Asked;
}[] = [
  { kind: "get", weight: 40, draw: (random) => ({ line: `GET /${drawKey(random)}`, statuses: [200, 404] }) },
  {
    kind: "get as JSON",
    weight: 8,
    draw: (random) => ({ line: `GET /keys/${drawKey(random)}`, statuses: [200, 404] }),
  },
  { kind: "meta", weight: 2, draw: (random) => ({ line: `GET /keys/${drawKey(random)}?meta`, statuses: [200, 404] }) },
  { kind: "head", weight: 5, draw: (random) => ({ line: `HEAD /${drawKey(random)}`, statuses: [200, 404] }) },
  { kind: "missing", weight: 3, draw: (_, number) => ({ line: `GET /missing${number}`, statuses: [404] }) },
  {
    kind: "revalidate",
    weight: 3,
    draw: (random) => ({ line: `GET /${drawKey(random)}`, fields: { "If-None-Match": "*" }, statuses: [304, 404] }),
  },
  {
    kind: "put",
    weight: 14,
    draw: (random) => ({
      line: `PUT /${drawKey(random)}`,
      fields: TEXT,
      body: drawValue(random),
      statuses: [201, 204],
    }),
  },
  {
    kind: "put long",
    weight: 1,
    draw: (random) => ({
      line: `PUT /keys/long${random.below(HOT_KEYS)}`,
      fields: TEXT,
      body: FILL,
      statuses: [200, 201],
    }),
  },
  {
    kind: "put that ends",
    weight: 4,
    draw: (_, number) => ({ line: `PUT /ends${number}?expire_in=5`, fields: TEXT, body: "1", statuses: [201] }),
  },
  {
    kind: "put under a condition",
    weight: 2,
    draw: (random) => ({
      line: `PUT /${drawKey(random)}`,
      fields: { ...TEXT, "If-None-Match": "*" },
      body: drawValue(random),
      statuses: [201, 412],
    }),
  },
  {
    kind: "put by name",
    weight: 2,
    draw: (random, number) => ({
      line: `PUT /${drawKey(random)}`,
      fields: { ...TEXT, "Idempotency-Key": `"${number}"` },
      body: drawValue(random),
      statuses: [201, 204],
    }),
  },
  {
    kind: "put pairs",
    weight: 1,
    draw: (random) => ({
      line: `PUT /keys?${drawKey(random)}=1&pair${random.below(HOT_KEYS)}=2`,
      statuses: [200, 201],
    }),
  },
  {
    kind: "count",
    weight: 5,
    draw: (random) => ({
      line: `PATCH /keys/counter${random.below(COUNTERS)}`,
      fields: FORM,
      body: "incr=1",
      statuses: [200, 201],
    }),
  },
  { kind: "delete", weight: 3, draw: (random) => ({ line: `DELETE /${drawKey(random)}`, statuses: [204, 404] }) },
  {
    kind: "transaction",
    weight: 2,
    draw: (random) => ({
      line: "POST /-/txn",
      fields: JSON_TYPE,
      body: JSON.stringify({
        ops: [
          { put: { key: drawKey(random), value: random.below(100) } },
          { delete: { key: `pair${random.below(HOT_KEYS)}` } },
        ],
      }),
      statuses: [200],
    }),
  },
  {
    kind: "list",
    weight: 2,
    draw: (random) => ({ line: `GET /keys?start=${drawKey(random)}&limit=20`, statuses: [200] }),
  },
  { kind: "list keys", weight: 1, draw: () => ({ line: "GET /keys?keys&prefix=counter", statuses: [200] }) },
  { kind: "bad key", weight: 1, draw: () => ({ line: "PUT /no.key", body: "1", statuses: [400] }) },
  { kind: "bad method", weight: 1, draw: () => ({ line: "POST /key", statuses: [405] }) },
];
const WEIGHTS = KINDS.reduce((sum, { weight }) => sum + weight, 0);

/** @param number - of the request; no two have the same */
export function drawRequest(random: SeededRandom, host: string, number: number): MixedRequest {
  let place = random.below(WEIGHTS);
  const chosen = KINDS.find(({ weight }) => {
    place -= weight;
    return place < 0;
  });
  if (chosen === undefined) throw new RangeError("The weights do not add up");
  const { line, fields = {}, body = "", statuses } = chosen.draw(random, number);
  const all = Object.entries({ Host: host, "Content-Length": String(body.length), ...fields });
  const head = [`${line} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)].join("\r\n");
  return { kind: chosen.kind, text: `${head}\r\n\r\n${body}`, isHead: line.startsWith("HEAD "), statuses };
}

/** Every second one is one of a few. */
function drawKey(random: SeededRandom): string {
  return `key${random.below(random.oneIn(2) ? HOT_KEYS : KEYS)}`;
}

function drawValue(random: SeededRandom): string {
  return FILL.slice(0, random.below(VALUE_BYTES_MAX));
}
