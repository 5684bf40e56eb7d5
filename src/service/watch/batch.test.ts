import { expect, test } from "bun:test";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { endsAt, mustCommit, put, touch } from "../../../test/support/requests.ts";
import { withStore } from "../../../test/support/store-harness.ts";
import { toRevision } from "../../core/entry.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { parseKey } from "../../core/key.ts";
import { ChangeBatch, ShownEntries } from "./batch.ts";

const change = { kind: "put", key: parseKey("a"), revision: toRevision(1), cursor: null } as const;
const entry = { key: change.key, revision: change.revision, expiresAt: null, text: "1" };

test("a batch may be sent until the instant at which one of its entries ends, and not at it", () => {
  const ends = [30, 20, null].map((at) => ({ ...entry, expiresAt: at === null ? null : toEpochMs(at) }));
  const batch = new ChangeBatch(ends.map((each) => ({ change, entry: each })));
  expect([19, 20].map((now) => batch.isCurrent(toEpochMs(now)))).toEqual([true, false]);
  expect(new ChangeBatch([{ change, entry: null }]).isCurrent(toEpochMs(99))).toBe(true);
});

test("what stands behind a change is read once, and anew for a later change and for each touch", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    let reads = 0;
    const entries = new ShownEntries(store, ({ value }) => `${++reads} ${new TextDecoder().decode(value)}`);
    const behind = async (kind: "put" | "touch", revision: number) =>
      (await entries.behind({ kind, key: change.key, revision: toRevision(revision) }))?.text;
    const first = (await mustCommit(store, put("a", "one"))).revision;
    expect([await behind("put", first), await behind("put", first)]).toEqual(["1 one", "1 one"]);
    const second = (await mustCommit(store, put("a", "two"))).revision;
    expect(await behind("put", second)).toBe("2 two");
    const at = store.now() + 1000;
    await mustCommit(store, touch("a", endsAt(at)));
    const touched = await entries.behind({ kind: "touch", key: change.key, revision: second });
    expect(touched).toMatchObject({ text: "3 two", expiresAt: toEpochMs(at) });
    entries.forget();
    expect(await behind("put", second)).toBe("4 two");
  });
});
