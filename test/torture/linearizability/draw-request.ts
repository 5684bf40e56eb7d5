// What clients ask of a key, drawn: reads in each of their views, and writes that get in each other's way. Keys are of three kinds by
// their number, each with requests of the others now and then, so that values are met that do not fit.
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Condition, ReadView, Request } from "./key-model.ts";

/** What the clients were last told of a key, by any answer; null for nothing. */
export interface Told {
  readonly tag: string | null;
  readonly value: string | null;
}

type Draw = (random: SeededRandom, told: Told, number: number) => Request;

const READS_IN_100 = 82;
const VIEWS: readonly ReadView[] = ["value", "value", "value", "head", "listing", "entry", "unless"];
const NO_CONDITION: Condition = { kind: "none" };
const STEP_END = 10;
/** Bounds lie this far from what the clients were told. */
const BOUND = 12;

const put: Draw = (_random, _told, number) => ({ kind: "put", value: `v${number}`, condition: NO_CONDITION });
const putInteger: Draw = (_random, _told, number) => ({
  kind: "put",
  value: integerOf(number),
  condition: NO_CONDITION,
});
const putFirst: Draw = (_random, _told, number) => ({
  kind: "put",
  value: integerOf(number),
  condition: { kind: "absent" },
});
const putIfSame: Draw = (_random, { tag }, number) => ({ kind: "put", value: `v${number}`, condition: isStill(tag) });
const drop: Draw = () => ({ kind: "delete", isTake: false, condition: NO_CONDITION });
const dropIfSame: Draw = (_random, { tag }) => ({ kind: "delete", isTake: false, condition: isStill(tag) });
const take: Draw = () => ({ kind: "delete", isTake: true, condition: NO_CONDITION });
const append: Draw = (_random, _told, number) => ({ kind: "append", text: `.a${number}` });
const count: Draw = (random, { value }) => {
  const by = (1 + random.below(STEP_END)) * (random.oneIn(3) ? -1 : 1);
  const stands = Number(value ?? 0);
  if (!Number.isSafeInteger(stands) || !random.oneIn(2)) return { kind: "count", by, min: null, max: null };
  const bound = stands + random.below(2 * BOUND) - BOUND;
  return { kind: "count", by, min: by < 0 ? bound : null, max: by < 0 ? null : bound };
};

/** By the kind of the key. What stands several times is drawn more often. */
const WRITES: readonly (readonly Draw[])[] = [
  [put, put, put, putIfSame, putIfSame, putIfSame, putFirst, putFirst, drop, dropIfSame, take, count, append],
  [count, count, count, count, count, count, putInteger, putFirst, putIfSame, drop, take, append],
  [append, append, append, append, append, put, put, putFirst, putIfSame, dropIfSame, take, take],
];

/** @param keyNumber - says what kind of key it is; @param number - of no other request, so that no value is written twice */
export function drawRequest(
  random: SeededRandom,
  { keyNumber, number, told, mayWrite }: { keyNumber: number; number: number; told: Told; mayWrite: boolean },
): Request {
  const isRead = !mayWrite || random.below(100) < READS_IN_100;
  if (!isRead) return random.pick(WRITES[keyNumber % WRITES.length] ?? [])(random, told, number);
  const view = random.pick(VIEWS);
  return { kind: "read", view: view === "unless" && told.tag === null ? "value" : view, tag: told.tag };
}

/** So far from any other that no counting leads from one to another. */
function integerOf(number: number): string {
  return String((number + 1) * 10_000);
}

function isStill(tag: string | null): Condition {
  return tag === null ? { kind: "absent" } : { kind: "tag", tag };
}
