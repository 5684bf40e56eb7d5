import { expect, test } from "bun:test";
import { makeMemoryHarness } from "../../../test/support/memory-harness.ts";
import { endsAt, keyOf, mustCommit, put, rangeOf, touch } from "../../../test/support/requests.ts";
import { withStore } from "../../../test/support/store-harness.ts";
import type { Entry } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import type { Store } from "../../store/store.ts";
import { ShownEntries } from "./shown-entries.ts";

const KEY = keyOf("a");

/** The entries as they are shown, and how often a value has been. */
function shownFrom(store: Store) {
  const damages: KeyholdError[] = [];
  const seen = { values: 0 };
  const toText = ({ value }: Entry) => {
    seen.values++;
    return new TextDecoder().decode(value);
  };
  const entries = new ShownEntries({ store, toText, onDamage: (error) => damages.push(error) });
  return { entries, damages, seen };
}

test("what stands at a change or after it is read once, and anew for a later change", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    const { entries, seen } = shownFrom(store);
    const shownAt = async ({ revision }: { readonly revision: Entry["revision"] }) => {
      const shown = await entries.readAtOrAfter({ kind: "put", key: KEY, revision });
      return [shown?.text, seen.values];
    };
    const first = await mustCommit(store, put("a", "one"));
    expect([await shownAt(first), await shownAt(first)]).toEqual([
      ["one", 1],
      ["one", 1],
    ]);
    const second = await mustCommit(store, put("a", "two"));
    expect(await shownAt(second)).toEqual(["two", 2]);
    expect(await shownAt(first)).toEqual(["two", 2]);
    entries.forget();
    expect(await shownAt(second)).toEqual(["two", 3]);
  });
});

test("an entry is shown without its value, and without reading it, where that is asked for", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    const { entries, seen } = shownFrom(store);
    const at = store.now() + 1000;
    const { revision } = await mustCommit(store, put("a", "one"));
    await mustCommit(store, put("a-"), put("aa"), touch("a", endsAt(at)));
    store.get = () => Promise.reject(new Error("The value is read"));
    expect(await entries.readInfo(KEY)).toEqual({ key: KEY, revision, expiresAt: toEpochMs(at), text: null });
    expect(await entries.readInfo(keyOf("b"))).toBe(null);
    expect(seen.values).toBe(0);
  });
});

test("a damaged entry is shown without its value, and told of; a page with one is not read at once", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    const { entries, damages } = shownFrom(store);
    const { revision } = await mustCommit(store, put("a", "one"));
    const damage = new KeyholdError("damaged-entry", "The value is not what was written");
    store.get = () => Promise.reject(damage);
    store.scan = () => Promise.reject(damage);
    const shown = { key: KEY, revision, expiresAt: null, text: null };
    expect(await entries.read(KEY)).toEqual(shown);
    expect(await entries.readAtOrAfter({ kind: "put", key: KEY, revision })).toEqual(shown);
    expect(await entries.scan(rangeOf())).toBe(null);
    expect(damages).toEqual([damage, damage, damage]);
  });
});

test("any other fault of the store is passed on", async () => {
  await withStore(makeMemoryHarness, async ({ store }) => {
    const { entries, damages } = shownFrom(store);
    store.get = () => Promise.reject(new KeyholdError("unavailable", "The store is closed"));
    await expect(entries.read(KEY)).rejects.toMatchObject({ code: "unavailable" });
    expect(damages).toEqual([]);
  });
});
