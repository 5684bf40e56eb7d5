import { expect, test } from "bun:test";
import { keyOf } from "../../../test/support/requests.ts";
import { toRevision } from "../../core/entry.ts";
import { LIMITS } from "../../core/limits.ts";
import { parsePattern } from "../../core/pattern.ts";
import { EVERY_KEY } from "../../core/range.ts";
import { toCursor } from "../../store/cursor.ts";
import { type Channel, Channels } from "./channels.ts";
import { LoopShare } from "./loop-share.ts";
import { Member } from "./member.ts";
import { Sieve } from "./sieve.ts";
import { ChangeTail } from "./tail.ts";

const TAIL_MAX = 3 * LIMITS.watchPageChanges;

/** A sieve in which each look at a change takes a millisecond, over changes of keys with these names. */
function makeSieve(names: readonly string[]) {
  let nowMs = 0;
  const tail = new ChangeTail(toCursor("0"), TAIL_MAX);
  const append = (added: readonly string[]) => {
    const changes = added.map(
      (name) => ({ kind: "put", key: keyOf(name), revision: toRevision(1), cursor: null }) as const,
    );
    tail.append({ changes, cursor: toCursor(String(tail.end + added.length)) });
  };
  append(names);
  const found: [Channel, number][] = [];
  const sieve = new Sieve(new LoopShare(() => nowMs++), (channel, position) => found.push([channel, position]));
  const channels = new Channels();
  const watch = (pattern: string) => {
    const selection = { set: { ...EVERY_KEY, pattern: parsePattern(pattern) } };
    const channel = channels.open({ selection, hasTouches: false, hasValues: false });
    channel.members.add(new Member(channel, null));
    return channel;
  };
  return { sieve, tail, append, found, watch };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

test("the first change that a channel takes is found, and where there is none nobody is told", async () => {
  const { sieve, tail, found, watch } = makeSieve(["a", "b", "bb"]);
  const [some, none] = [watch("b*"), watch("c*")];
  sieve.add(some, tail, 0);
  sieve.add(none, tail, 0);
  await turns(10);
  expect(found).toEqual([[some, 1]]);
  expect([some.unsiftedFrom, none.unsiftedFrom]).toEqual([null, null]);
});

test("more changes than fit into the share take more turns, and it is known how far they have been looked at", async () => {
  const { sieve, tail, found, watch } = makeSieve([...Array.from({ length: 50 }, () => "a"), "b"]);
  const channel = watch("b*");
  sieve.add(channel, tail, 0);
  await turns(2);
  expect(found).toEqual([]);
  expect(channel.unsiftedFrom).toBeWithin(1, 50);
  await turns(50);
  expect(found).toEqual([[channel, 50]]);
});

test("changes that are added meanwhile are looked at too, none twice", async () => {
  const { sieve, tail, append, found, watch } = makeSieve(Array.from({ length: 20 }, () => "a"));
  const channel = watch("b*");
  sieve.add(channel, tail, 0);
  await turns(1);
  append(["a", "b"]);
  sieve.add(channel, tail, 20);
  await turns(50);
  expect(found).toEqual([[channel, 21]]);
});

test("a channel that lies behind by more than a page goes on after the others", async () => {
  const { sieve, tail, found, watch } = makeSieve([
    ...Array.from({ length: LIMITS.watchPageChanges + 1 }, () => "a"),
    "both",
  ]);
  const [long, short] = [watch("bo*"), watch("b*")];
  sieve.add(long, tail, 0);
  sieve.add(short, tail, LIMITS.watchPageChanges);
  await turns(LIMITS.watchPageChanges);
  expect(found.map(([channel]) => channel)).toEqual([short, long]);
});

test("changes that are forgotten before they were looked at may have been any", async () => {
  const { sieve, tail, append, found, watch } = makeSieve(["a"]);
  const channel = watch("b*");
  append(Array.from({ length: TAIL_MAX }, () => "a"));
  sieve.add(channel, tail, 0);
  await turns(1);
  expect(found).toEqual([[channel, 0]]);
});

test("a channel that all have left is not looked at any more", async () => {
  const { sieve, tail, found, watch } = makeSieve([...Array.from({ length: 20 }, () => "a"), "b"]);
  const channel = watch("b*");
  sieve.add(channel, tail, 0);
  await turns(1);
  channel.members.clear();
  await turns(20);
  expect(found).toEqual([]);
});
