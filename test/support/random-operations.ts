// Operations of transactions, drawn: over few keys, so that they meet, and with values that do not always fit.
import type { SeededRandom } from "./seeded-random.ts";
import type { Operation } from "./transaction-model.ts";

export const KEYS = ["a", "b", "c", "d", "__proto__", "10", "n1", "n2"];
/** Written together, with one value, or deleted together. */
export const TWINS = ["twin1", "twin2"] as const;
const FAR = ["2097-01-01T00:00:00.000Z", "2098-01-01T00:00:00.000Z"];
const MAX = Number.MAX_SAFE_INTEGER;

export function drawTwins(random: SeededRandom): readonly Operation[] {
  if (random.oneIn(5)) return TWINS.map((key) => ({ delete: { key } }));
  const value = random.below(1_000_000);
  return TWINS.map((key) => ({ put: { key, value } }));
}

export function drawWrite(random: SeededRandom, key: string): Operation {
  switch (random.below(8)) {
    case 0:
      return { delete: { key } };
    case 1:
      return { touch: random.oneIn(2) ? { key, persist: true } : { key, expire_at: random.pick(FAR) } };
    case 2:
    case 3:
    case 4:
      return { put: drawPut(random, key) };
    default:
      return { incr: drawIncr(random, key) };
  }
}

function drawPut(random: SeededRandom, key: string): Extract<Operation, { put: unknown }>["put"] {
  const values = [
    random.below(100),
    String(random.below(100)),
    MAX - random.below(2),
    "text",
    { n: [1, null] },
    null,
    -7,
  ];
  const value = random.oneIn(2) ? random.below(100) : random.pick(values.map((each) => [each]))[0];
  return {
    key,
    value,
    ...(random.oneIn(6) && { content_type: "text/x-own" }),
    ...(random.oneIn(4) && { expire_at: random.pick(FAR) }),
  };
}

function drawIncr(random: SeededRandom, key: string): Extract<Operation, { incr: unknown }>["incr"] {
  return {
    key,
    ...(random.oneIn(2) && { by: random.oneIn(10) ? MAX : random.below(21) - 10 }),
    ...(random.oneIn(4) && { initial: random.below(100) }),
    ...(random.oneIn(6) && { max: 60 + random.below(100) }),
    ...(random.oneIn(6) && { min: -random.below(100) }),
  };
}

export function drawGet(random: SeededRandom): { readonly get: { readonly key: string } } {
  return { get: { key: random.pick([...KEYS, ...TWINS]) } };
}
