// Where the scripts of the Valkey engine could come apart from what the contract says: names of writes that are used again,
// values that are damaged, values whose form nobody has looked at, and what one request may make the server read.
import { afterAll, describe, expect, test } from "bun:test";
import { makeBatch, type Once, UNNAMED } from "../../src/core/batch.ts";
import { NEVER } from "../../src/core/expiry.ts";
import { compareKeys } from "../../src/core/key.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import { formOf } from "../../src/core/value-form.ts";
import type { ValkeyStoreOptions } from "../../src/engines/valkey/open.ts";
import type { ValkeyStore } from "../../src/engines/valkey/store.ts";
import { pollUntil } from "../support/poll-until.ts";
import { rejectionOf } from "../support/rejection-code.ts";
import {
  add,
  append,
  check,
  commit,
  endsIn,
  keyOf,
  mustCommit,
  near,
  prepare,
  put,
  rangeOf,
  remove,
  textOf,
  touch,
} from "../support/requests.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

const PATIENCE = { ms: 10_000, intervalMs: 2 };
/** Longer than any test. */
const NEVER_MS = 3_600_000;
const { node, stop } = await startStandalone();
afterAll(stop);
let prefixes = 0;

/** A store under a prefix of its own. */
async function withStore(
  body: (store: ValkeyStore, prefix: string) => Promise<void>,
  changed: Partial<ValkeyStoreOptions> = {},
): Promise<void> {
  const prefix = `edges${prefixes++}`;
  const store = await openTestStore({ topology: "standalone", seeds: [node.address] }, { prefix, ...changed });
  try {
    await body(store, prefix);
  } finally {
    await store.close();
  }
}

function onceOf(store: ValkeyStore): Once {
  return { id: "0".repeat(64), fingerprint: "1".repeat(64), at: store.now() };
}

describe("the records of named writes", () => {
  test("are counted once under a name that is used again when it has been forgotten", async () => {
    await withStore(
      async (store) => {
        const commitNamed = () => store.commit(makeBatch([put("a")]), { ...UNNAMED, once: onceOf(store) });
        // The first creates: its record is of another length than those that replace.
        await mustCommit(store, put("a"));
        await commitNamed();
        const { records, recordBytes } = store.stats();
        for (let round = 0; round < 3; round++) {
          await pollUntil(async () => (await store.recall(onceOf(store).id)) === null, {
            ...PATIENCE,
            what: () => "Never forgotten",
          });
          expect(await commitNamed()).toMatchObject({ committed: true, isReplay: false });
        }
        expect(store.stats()).toMatchObject({ records, recordBytes });
      },
      { sweepIntervalMs: NEVER_MS, idempotencyAgeMs: 5 },
    );
  });
});

describe("an entry that has ended and is still there, as the clock of its partition is ahead of the server's", () => {
  test("is in none of the states that a condition names, and leaves no end to be kept", async () => {
    await withStore(
      async (store, prefix) => {
        const { outcomes } = await mustCommit(store, put("a", "old", { expiry: endsIn(60_000) }));
        const tag = outcomes[0]?.after?.tag;
        if (tag === undefined) throw new Error("The put answered no entry");
        // A revision is an instant in microseconds, and the clock never goes back behind one.
        const ahead = (Date.now() + 120_000) * 1000;
        const metas = (await node.keys(`${prefix}*`)).filter((key) => key.endsWith(":m"));
        for (const meta of metas) await node.ask("HSET", meta, "revision", String(ahead));
        for (const is of ["at", "notAt"] as const) {
          const { committed } = await commit(store, check("a", [{ is, tags: [tag] }]));
          expect({ is, committed }).toEqual({ is, committed: is === "notAt" });
        }
        const replaced = put("a", "new", { expiry: { kind: "keep" }, when: [{ is: "at", tags: [tag] }] });
        expect(await commit(store, replaced)).toMatchObject({ committed: false });
      },
      { sweepIntervalMs: NEVER_MS },
    );
  });
});

describe("a page of a store of many partitions", () => {
  test.each([true, false])("is full where its keys lie in one of them (reverse: %p)", async (reverse) => {
    await withStore(
      async (store) => {
        const names = Array.from({ length: 600 }, (_, index) => near(`k${1000 + index}`));
        await mustCommit(store, ...names.map((name) => put(name, "")));
        await prepare(store, ...["a", "b", "{u}c", "z"].map((name) => put(name, "")));
        const limit = 500;
        const { items, next } = await store.list(rangeOf({ reverse, limit }));
        const all = ["a", "b", ...names, "{u}c", "z"].map(keyOf).toSorted(compareKeys);
        const expected = (reverse ? all.toReversed() : all).slice(0, limit);
        expect(items.map(({ key }) => key)).toEqual(expected);
        expect(next).toEqual(expected.at(-1) ?? null);
      },
      { partitions: 64 },
    );
  });
});

describe("a damaged value", () => {
  async function damage(prefix: string, name: string): Promise<void> {
    const [key] = await node.keys(`${prefix}:*:d:${name}`);
    await node.ask("SETRANGE", key ?? "", "0", "x");
  }

  test("may be written anew in one batch with an edit of another", async () => {
    await withStore(async (store, prefix) => {
      await mustCommit(store, put("a"));
      await damage(prefix, "a");
      await mustCommit(store, add("n", 1), put("a", "again"));
      expect(textOf((await store.get(keyOf("a")))?.value)).toBe("again");
      await damage(prefix, "a");
      await mustCommit(store, add("n", 1), remove("a"));
      expect(await store.get(keyOf("a"))).toBeNull();
    });
  });

  test("is told as such where it is read because a condition fails", async () => {
    await withStore(async (store, prefix) => {
      await mustCommit(store, put("a"));
      await damage(prefix, "a");
      const batch = makeBatch([put("b", "", { when: [{ is: "present" }] })]);
      const error = await rejectionOf(() => store.commit(batch, { once: null, otherwise: ["c", "a"].map(keyOf) }));
      expect([error?.code, error?.data["key"]]).toEqual(["damaged-entry", "a"]);
    });
  });
});

describe("a partition whose clock is ahead of its server's, as after a failover to one that is behind", () => {
  test("has what has ended by it swept, as everything else judges by it", async () => {
    await withStore(async (store, prefix) => {
      await mustCommit(store, put("a", "", { expiry: endsIn(60_000) }));
      const [meta] = await node.keys(`${prefix}:*:m`);
      await node.ask("HSET", meta ?? "", "revision", String((Date.now() + NEVER_MS) * 1000));
      await pollUntil(async () => store.stats().expired === 1, { ...PATIENCE, what: () => "Never swept" });
      expect((await store.changes(null, 10)).changes.map(({ kind }) => kind)).toEqual(["put", "expire"]);
      expect(await store.count(EVERY_KEY)).toBe(0);
    });
  });
});

describe("a counter", () => {
  test("is never minus zero", async () => {
    await withStore(async (store) => {
      await mustCommit(store, add("n", -0, { initial: -0 }));
      expect(textOf((await store.get(keyOf("n")))?.value)).toBe("0");
    });
  });
});

describe("a value whose form has not been looked at since an append", () => {
  const SIZE = 1_000_000;
  const COUNT = 20;
  const names = Array.from({ length: COUNT }, (_, index) => `k${index}`);
  const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(String(await node.ask("INFO", "stats")))?.[1]);

  async function fill(store: ValkeyStore, contentType: string): Promise<void> {
    const value = `"${"x".repeat(SIZE - 3)}"`;
    const form = formOf(new TextEncoder().encode(value), contentType);
    for (const name of names) {
      await mustCommit(store, put(name, value, { contentType, form }));
      await mustCommit(store, append(name, "end", " ", { maxBytes: SIZE }));
    }
  }

  test("is sent along, before and after, only as far as a commit may read", async () => {
    await withStore(async (store) => {
      await fill(store, "application/json");
      for (const batch of [
        names.map((name) => put(name, "", { when: [{ is: "absent" }] })),
        names.map((name) => touch(name, NEVER)),
        names.map((name) => append(name, "end", " ", { maxBytes: SIZE + 1 })),
        names.map((name) => put(name, "")),
      ]) {
        const before = await sent();
        const result = await commit(store, ...batch);
        expect((await sent()) - before).toBeLessThan(2 * LIMITS.readBytes);
        const shown = result.committed
          ? result.outcomes.map(({ before }) => before)
          : result.conflicts.map(({ current }) => current);
        expect(shown.every((info) => info !== null && info.size >= SIZE)).toBe(true);
        expect(shown[0]?.form).toBe("json");
      }
    });
  });

  test.each(["text/plain", "application/x-ndjson", "application/jsonx; x=+json", ";json"])(
    "is known by its parts under %s, which is no type of JSON",
    async (contentType) => {
      await withStore(async (store) => {
        await fill(store, contentType);
        const before = await sent();
        const { outcomes } = await mustCommit(store, ...names.map((name) => remove(name)));
        expect((await sent()) - before).toBeLessThan(SIZE / 10);
        expect(outcomes.every((outcome) => outcome.before?.form === "text")).toBe(true);
      });
    },
  );

  test.each(["application/json", "APPLICATION/JSON ; charset=utf-8", "a/b+json", "A/B+JSON;x=y"])(
    "is looked at under %s",
    async (contentType) => {
      await withStore(async (store) => {
        await mustCommit(store, put("a", '{"$base64"', { contentType, form: "text" }));
        const { outcomes } = await mustCommit(store, append("a", "end", ':""}'));
        expect(outcomes[0]?.after?.form).toBe("wrapped-json");
      });
    },
  );

  test("is text when two halves of a character have come together", async () => {
    await withStore(async (store) => {
      await mustCommit(store, put("a", Uint8Array.of(0xc3), { form: "bytes" }));
      const half = { op: "append", key: keyOf("a"), when: [], want: "info", side: "end", maxBytes: 9 } as const;
      const { outcomes } = await mustCommit(store, { ...half, value: Uint8Array.of(0xa9), expiry: NEVER });
      expect([outcomes[0]?.after?.form, (await store.get(keyOf("a")))?.form]).toEqual(["text", "text"]);
    });
  });
});
