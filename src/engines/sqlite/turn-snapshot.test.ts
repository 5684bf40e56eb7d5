// How long a snapshot is held, and for which reads it is good.
import { expect, test } from "bun:test";
import { put } from "../../../test/support/requests.ts";
import { type WriterUnderTest, withWriter } from "../../../test/support/sqlite-writer.ts";
import { makeBatch, UNNAMED } from "../../core/batch.ts";
import { closeWhole, openReader } from "./database.ts";
import { TurnSnapshot } from "./turn-snapshot.ts";

/** A snapshot under a counter that the test turns, and what is seen by it: how many entries there are. */
async function withSnapshot(
  body: (
    snapshot: TurnSnapshot,
    parts: { readonly counter: { commits: number }; entries(): number; commit(): void },
  ) => Promise<void>,
): Promise<void> {
  await withWriter(async ({ files, apply }: WriterUnderTest) => {
    const db = openReader(files);
    const counter = { commits: 0 };
    const snapshot = new TurnSnapshot(db, () => counter.commits);
    const count = db.prepare<{ entries: number }, []>("select count(*) as entries from entries");
    let written = 0;
    try {
      await body(snapshot, {
        counter,
        entries: () => count.get()?.entries ?? -1,
        commit: () => void apply([{ kind: "commit", batch: makeBatch([put(`k${written++}`)]), ...UNNAMED }]),
      });
    } finally {
      snapshot.release();
      closeWhole(db);
    }
  });
}

test("a snapshot is let go before the turn ends, and so is the next one", async () => {
  await withSnapshot(async (snapshot, { entries, commit }) => {
    for (let turn = 0; turn < 3; turn++) {
      snapshot.renew();
      expect([snapshot.isHeld, entries()]).toEqual([true, turn]);
      commit();
      expect(entries()).toBe(turn);
      await new Promise(setImmediate);
      expect(snapshot.isHeld).toBe(false);
    }
  });
});

test("a snapshot is good until the counter has changed, and none is held while a commit is under way", async () => {
  await withSnapshot(async (snapshot, { counter, entries, commit }) => {
    snapshot.renew();
    expect(entries()).toBe(0);
    commit();
    snapshot.renew();
    expect(entries()).toBe(0);
    counter.commits = 1;
    snapshot.renew();
    expect([snapshot.isHeld, entries()]).toEqual([false, 1]);
    counter.commits = 2;
    snapshot.renew();
    expect([snapshot.isHeld, entries()]).toEqual([true, 1]);
  });
});
