// Edits: mutations worked out inside the commit on the value that stands. And what a commit reads: values asked back, and
// what is read where a condition fails.
import { describe, expect, test } from "bun:test";
import { makeBatch, UNNAMED } from "../../src/core/batch.ts";
import type { EntryInfo } from "../../src/core/entry.ts";
import { KEEP } from "../../src/core/expiry.ts";
import { LIMITS } from "../../src/core/limits.ts";
import type { Store } from "../../src/store/store.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import {
  add,
  append,
  check,
  commit,
  ENDED,
  endsAt,
  endsIn,
  keyOf,
  mustCommit,
  near,
  prepare,
  put,
  remove,
  textOf,
  touch,
} from "../support/requests.ts";
import { type MakeStore, until, withStore } from "../support/store-harness.ts";

const FAR_MS = 7_000_000_000_000;
const MAX = Number.MAX_SAFE_INTEGER;
const MiB = 1024 * 1024;

export function editsSuite(make: MakeStore): void {
  const valueAt = async (store: Store, name: string) => textOf((await store.get(keyOf(name)))?.value);
  const shown = (entry: EntryInfo | null | undefined) =>
    entry !== null && entry !== undefined && "value" in entry && entry.value instanceof Uint8Array
      ? textOf(entry.value)
      : null;

  describe("add", () => {
    test("creates a counter as JSON, from its initial value", async () => {
      await withStore(make, async ({ store }) => {
        const { outcomes } = await mustCommit(store, add("a", 2, { initial: 40, want: "after" }));
        expect(outcomes[0]).toMatchObject({
          before: null,
          after: { contentType: "application/json", form: "json", size: 2 },
        });
        expect(shown(outcomes[0]?.after)).toBe("42");
        expect(await valueAt(store, "a")).toBe("42");
      });
    });

    test("counts on what stands, whoever wrote it, and keeps its media type and its end", async () => {
      await withStore(make, async ({ store }) => {
        const first = await mustCommit(store, put("a", "-7", { contentType: "text/plain", expiry: endsAt(FAR_MS) }));
        const { outcomes, revision } = await mustCommit(store, add("a", -3));
        expect(outcomes[0]).toMatchObject({
          before: { revision: first.revision },
          after: { contentType: "text/plain", form: "text", revision, expiresAt: FAR_MS },
        });
        expect(revision).toBeGreaterThan(first.revision);
        expect(shown(outcomes[0]?.after)).toBeNull();
        expect(await valueAt(store, "a")).toBe("-10");
      });
    });

    test("sums every one of many that are asked at once", async () => {
      await withStore(make, async ({ store }) => {
        const results = await Promise.all(
          Array.from({ length: 500 }, () => mustCommit(store, add("a", 1, { want: "after" }))),
        );
        const sums = results.map(({ outcomes }) => Number(shown(outcomes[0]?.after)));
        expect(sums.toSorted((one, other) => one - other)).toEqual(
          Array.from({ length: 500 }, (_, index) => index + 1),
        );
        expect(await valueAt(store, "a")).toBe("500");
      });
    });

    test("sets an end only where it creates, if asked so", async () => {
      await withStore(make, async ({ store }) => {
        const once = { kind: "ifNew", expiry: endsAt(FAR_MS) } as const;
        const { outcomes } = await prepare(store, add("new", 1, { expiry: once }), put("old", "1"));
        expect<number | null | undefined>(outcomes[0]?.after?.expiresAt).toBe(FAR_MS);
        expect((await mustCommit(store, add("old", 1, { expiry: once }))).outcomes[0]?.after?.expiresAt).toBeNull();
        const later = { kind: "ifNew", expiry: endsAt(FAR_MS + 1) } as const;
        const { outcomes: again } = await mustCommit(store, add("new", 1, { expiry: later }));
        expect<number | null | undefined>(again[0]?.after?.expiresAt).toBe(FAR_MS);
      });
    });

    test("begins anew where the counter has ended", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "41", { expiry: ENDED }));
        await mustCommit(store, add("a", 1));
        expect(await valueAt(store, "a")).toBe("1");
      });
    });

    for (const text of [
      "",
      "x",
      "1.0",
      "1e3",
      " 1",
      "1\n",
      "+1",
      "01",
      "-0",
      "9007199254740992",
      "-9007199254740992",
      "0x10",
      "1".repeat(5000),
    ]) {
      test(`refuses ${JSON.stringify(text.slice(0, 20))}, and changes nothing of the batch`, async () => {
        await withStore(make, async ({ store }) => {
          const [a, b] = [near("a"), near("b")];
          const { revision } = await mustCommit(store, put(a, text));
          const cursor = await store.latestCursor();
          const batch = [put(b), add(a, 1), remove(near("a/1"))];
          expect(await rejectionCode(() => commit(store, ...batch))).toBe("not-an-integer");
          expect(await valueAt(store, a)).toBe(text);
          expect(await store.get(keyOf(b))).toBeNull();
          expect(await store.latestCursor()).toBe(cursor);
          expect(store.stats().revision).toBe(revision);
        });
      });
    }

    const bounds: readonly [string, Parameters<typeof add>[2], number, string | null][] = [
      ["5", { max: 6 }, 1, null],
      ["5", { max: 5 }, 1, "out-of-range"],
      ["5", { min: 4 }, -1, null],
      ["5", { min: 5 }, -1, "out-of-range"],
      [String(MAX - 1), {}, 1, null],
      [String(MAX), {}, 1, "out-of-range"],
      [String(MAX), {}, MAX, "out-of-range"],
      [String(-MAX), {}, -1, "out-of-range"],
      [String(-MAX), {}, MAX, null],
    ];
    for (const [value, asked, delta, code] of bounds) {
      test(`of ${delta} to ${value} within ${JSON.stringify(asked)} is ${code ?? "done"}`, async () => {
        await withStore(make, async ({ store }) => {
          await mustCommit(store, put("a", value));
          expect<string | null>(await rejectionCode(() => commit(store, add("a", delta, asked)))).toBe(code);
          expect(await valueAt(store, "a")).toBe(code === null ? String(Number(value) + delta) : value);
        });
      });
    }

    test("asks its conditions first", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, put("a", "x"));
        expect(await commit(store, add("a", 1, { when: [{ is: "absent" }] }))).toMatchObject({ committed: false });
      });
    });
  });

  describe("append", () => {
    test("adds to the end, to the start, and creates text", async () => {
      await withStore(make, async ({ store }) => {
        const { outcomes } = await mustCommit(store, append("a", "end", "b"));
        expect(outcomes[0]?.after).toMatchObject({ contentType: "text/plain; charset=utf-8", form: "text" });
        await mustCommit(store, append("a", "end", "c", { want: "info" }));
        const last = await mustCommit(store, append("a", "start", "a", { want: "after" }));
        expect(shown(last.outcomes[0]?.after)).toBe("abc");
        expect(await valueAt(store, "a")).toBe("abc");
      });
    });

    test("keeps the media type, and says anew what the bytes are", async () => {
      await withStore(make, async ({ store }) => {
        await prepare(
          store,
          put("a", "[1", { contentType: "application/json" }),
          put("b", Uint8Array.of(0xc3), { form: "bytes" }),
        );
        await prepare(store, append("a", "end", "]"), append("b", "end", "x"));
        expect(await store.get(keyOf("a"))).toMatchObject({ contentType: "application/json", form: "json" });
        expect(await store.get(keyOf("b"))).toMatchObject({ form: "bytes", size: 2 });
      });
    });

    test("is refused beyond its bound, exactly", async () => {
      await withStore(make, async ({ store }) => {
        await mustCommit(store, append("a", "end", "1234", { maxBytes: 8 }));
        await mustCommit(store, append("a", "end", "5678", { maxBytes: 8 }));
        expect(await rejectionCode(() => commit(store, append("a", "end", "9", { maxBytes: 8 })))).toBe(
          "value-too-large",
        );
        expect(await valueAt(store, "a")).toBe("12345678");
      });
    });
  });

  describe("values asked back", () => {
    test("are those after the whole batch, of keys that it writes too", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b, c, d, e] = [near("a"), near("b"), near("c"), near("d"), near("e")];
        const { revision } = await mustCommit(
          store,
          put(a, "old"),
          put(b, "gone"),
          put(c, "kept", { expiry: ENDED }),
          put(d, "same"),
        );
        const reads = [a, b, c, d, e].map((key) => check(key, [], "after"));
        const writes = [put(a, "new"), remove(b), add(e, 5), touch(d, endsIn(60_000), { want: "after" })];
        const { outcomes } = await mustCommit(store, ...reads, ...writes);
        expect(outcomes.slice(0, 5).map(({ after }) => shown(after))).toEqual(["new", null, null, "same", "5"]);
        expect(outcomes[1]?.after).toBeNull();
        expect(outcomes[3]?.after).toMatchObject({ revision });
        expect(outcomes[3]?.after?.expiresAt).toBe(outcomes[8]?.after?.expiresAt ?? null);
        expect(shown(outcomes[8]?.after)).toBe("same");
      });
    });

    test("come to LIMITS.readBytes at most, or nothing is changed", async () => {
      await withStore(make, async ({ store }) => {
        const part = "x".repeat(LIMITS.readBytes / 8);
        for (let index = 0; index < 8; index++) await mustCommit(store, put(near(`k${index}`), part));
        await mustCommit(store, put(near("small"), "1"));
        const reads = Array.from({ length: 8 }, (_, index) => check(near(`k${index}`), [], "after"));
        expect((await mustCommit(store, ...reads)).outcomes).toHaveLength(8);
        const tooMuch = () => commit(store, ...reads, check(near("small"), [], "after"), put(near("new")));
        expect(await rejectionCode(tooMuch)).toBe("body-too-large");
        expect(await store.get(keyOf(near("new")))).toBeNull();
        // What the batch itself leaves is what counts.
        const left = [check(near("k0/"), [], "after"), put(near("k0/"), "1")];
        expect(await rejectionCode(() => commit(store, ...reads, ...left))).toBe("body-too-large");
        expect(await rejectionCode(() => commit(store, ...reads, put(near("k0"), "")))).toBeNull();
      });
    });
  });

  describe("where a condition fails", () => {
    test("the keys asked for are read as they stand", async () => {
      await withStore(make, async (harness) => {
        const { store } = harness;
        const [a, b, c] = [near("a"), near("b"), near("c")];
        const { revision } = await mustCommit(store, put(a, "one"), put(b, "two", { expiry: endsIn(1) }));
        await until(harness, async () => (await store.get(keyOf(b))) === null);
        const batch = makeBatch([check(a, [{ is: "absent" }]), put(c)]);
        const result = await store.commit(batch, { ...UNNAMED, otherwise: [c, a, b, a].map(keyOf) });
        expect(result).toMatchObject({ committed: false, conflicts: [{ index: 0, current: { revision } }] });
        expect("otherwise" in result && result.otherwise.map(shown)).toEqual([null, "one", null, "one"]);
      });
    });

    test("no more than LIMITS.readBytes are read", async () => {
      await withStore(make, async ({ store }) => {
        const [a, b] = [near("a"), near("b")];
        await mustCommit(store, put(a, new Uint8Array(5 * MiB)), put(b));
        const batch = makeBatch([check(a, [{ is: "absent" }])]);
        const ask = (...names: readonly string[]) =>
          rejectionCode(() => store.commit(batch, { ...UNNAMED, otherwise: names.map(keyOf) }));
        expect(await ask(a, b)).toBeNull();
        expect(await ask(a, a)).toBe("body-too-large");
      });
    });

    test("a revision is a condition too", async () => {
      await withStore(make, async ({ store }) => {
        const { revision } = await mustCommit(store, put("a"));
        const at = [{ is: "atRevision", revision } as const];
        expect(await commit(store, put("a", "x", { when: at, expiry: KEEP }))).toMatchObject({ committed: true });
        expect(await commit(store, put("a", "y", { when: at }))).toMatchObject({ committed: false });
        expect(await commit(store, put("free", "y", { when: at }))).toMatchObject({ committed: false });
      });
    });
  });
}
