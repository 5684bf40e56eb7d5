import { expect, test } from "bun:test";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { keyOf, mustCommit, put } from "../../../test/support/requests.ts";
import { withStore } from "../../../test/support/store-harness.ts";
import { toRevision } from "../../core/entry.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { LIMITS } from "../../core/limits.ts";
import { EVERY_KEY } from "../../core/range.ts";
import { toCursor } from "../../store/cursor.ts";
import type { Store } from "../../store/store.ts";
import { ChangeBatch } from "./batch.ts";
import { Channels } from "./channels.ts";
import { LoopShare } from "./loop-share.ts";
import { makePart, type Part, SharedParts } from "./parts.ts";
import { ShownEntries } from "./shown-entries.ts";
import { ChangeTail } from "./tail.ts";

function toolsOf(store: Store) {
  const entries = new ShownEntries({ store, toText: ({ key }) => key, onDamage: () => {} });
  return { entries, share: new LoopShare(() => 0) };
}

function channelOf(prefix: string) {
  return new Channels().open({ selection: { set: { ...EVERY_KEY, prefix } }, hasTouches: false, hasValues: true });
}

function append(tail: ChangeTail, names: readonly string[]): void {
  const changes = names.map(
    (name) => ({ kind: "put", key: keyOf(name), revision: toRevision(1), cursor: null }) as const,
  );
  tail.append({ changes, cursor: toCursor(String(tail.end + names.length)) });
}

test("a part looks at a page of changes and no more, and may be empty", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    const max = LIMITS.watchPageChanges;
    const tail = new ChangeTail(toCursor("0"), 2 * max);
    append(tail, [...Array.from({ length: max }, () => "other"), "rare"]);
    const channel = channelOf("rare");
    const first = await makePart({ tail, position: 0, channel }, toolsOf(store));
    expect([first.batch.events, first.to]).toEqual([[], max]);
    const second = await makePart({ tail, position: first.to, channel }, toolsOf(store));
    expect([second.batch.events.map(({ change }) => change.key), second.to]).toEqual([[keyOf("rare")], max + 1]);
  });
});

test("a part ends where the changes behind are forgotten while a value of it is waited for", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    await mustCommit(store, put("a"), put("b"));
    const tail = new ChangeTail(toCursor("0"), 2);
    append(tail, ["a", "b"]);
    const { get } = store;
    store.get = async (key) => {
      append(tail, ["c", "c", "c"]);
      return get.call(store, key);
    };
    const request = { tail, channel: channelOf("") };
    const { batch, to } = await makePart({ ...request, position: 0 }, toolsOf(store));
    expect([batch.events.map(({ change }) => change.key), to]).toEqual([[keyOf("a")], 1]);
    const lost = await makePart({ ...request, position: 1 }, toolsOf(store));
    expect([lost.batch.events, lost.to]).toEqual([[], 1]);
  });
});

const EVENT = { kind: "put", key: keyOf("a"), revision: toRevision(1), cursor: null } as const;
const ENTRY = { key: keyOf("a"), revision: toRevision(1), text: "1" };

function partThatEnds(at: number | null): Part {
  const entry = { ...ENTRY, expiresAt: at === null ? null : toEpochMs(at) };
  return { batch: new ChangeBatch([{ change: EVENT, entry }]), to: 1 };
}

test("a shared part is made once, and anew, once for all, when an entry of it has ended", async () => {
  const parts = new SharedParts();
  let made = 0;
  let nowMs = 1;
  const take = () => parts.take("name", { make: async () => partThatEnds(10 * ++made), now: () => toEpochMs(nowMs) });
  const [one, two] = await Promise.all([take(), take()]);
  expect([one === two, made]).toEqual([true, 1]);
  nowMs = 10;
  const later = await Promise.all([take(), take(), take()]);
  expect([new Set(later).size, made]).toEqual([1, 2]);
});

test("a part that could not be made is told to all who asked, and is made anew for the next", async () => {
  const parts = new SharedParts();
  const now = () => toEpochMs(1);
  const fail = () => parts.take("name", { make: () => Promise.reject(new Error("disk")), now });
  const failed = await Promise.allSettled([fail(), fail()]);
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const part = partThatEnds(null);
  expect(await parts.take("name", { make: async () => part, now })).toBe(part);
});
