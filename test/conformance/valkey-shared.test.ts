// What only an engine can show that several servers share, and that lives on other servers: what stands under a prefix, who
// sees what of whom, and what happens when the other server is emptied, full, or holds something else.
import { afterAll, describe, expect, test } from "bun:test";
import { makeBatch, UNNAMED } from "../../src/core/batch.ts";
import { NEVER } from "../../src/core/expiry.ts";
import { EVERY_KEY } from "../../src/core/range.ts";
import { formOf } from "../../src/core/value-form.ts";
import type { ValkeyStoreOptions } from "../../src/engines/valkey/open.ts";
import type { ValkeyStore } from "../../src/engines/valkey/store.ts";
import { pollUntil } from "../support/poll-until.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import {
  add,
  append,
  check,
  commit,
  ENDED,
  endsIn,
  keyOf,
  mustCommit,
  put,
  rangeOf,
  remove,
  textOf,
  touch,
} from "../support/requests.ts";
import { tokenOf } from "../support/token-records.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

const PATIENCE = { ms: 10_000, intervalMs: 2 };
const { node, stop } = await startStandalone();
afterAll(stop);
let prefixes = 0;

/** Opens stores on one prefix that nobody else has, and closes them. */
async function withPrefix(
  body: (open: (changed?: Partial<ValkeyStoreOptions>) => Promise<ValkeyStore>, prefix: string) => Promise<void>,
): Promise<void> {
  const prefix = `shared${prefixes++}`;
  const opened: ValkeyStore[] = [];
  try {
    await body(async (changed = {}) => {
      const store = await openTestStore({ topology: "standalone", seeds: [node.address] }, { prefix, ...changed });
      opened.push(store);
      return store;
    }, prefix);
  } finally {
    await Promise.all(opened.map((store) => store.close()));
  }
}

describe("a store under a prefix", () => {
  test("is created once, and opened as it was created", async () => {
    await withPrefix(async (open) => {
      const first = await open({ partitions: 3, newIncarnation: "first" });
      const second = await open({ newIncarnation: "second" });
      expect([first.incarnation, second.incarnation]).toEqual(["first", "first"]);
      expect(second.capabilities).toMatchObject({ atomicity: "partition", order: "partition", servers: "many" });
      await mustCommit(first, put("a"));
      expect(textOf((await second.get(keyOf("a")))?.value)).toBe("a");
    });
  });

  test("that is not there is not created by who only reads", async () => {
    await withPrefix(async (open, prefix) => {
      expect(await rejectionCode(() => open({ newIncarnation: null }))).toBe("unavailable");
      expect(await node.ask("KEYS", `${prefix}:*`)).toEqual([]);
      await open();
      expect(await rejectionCode(() => open({ newIncarnation: null }))).toBeNull();
    });
  });

  test("keeps to it: two on one server see nothing of each other", async () => {
    await withPrefix(async (openOne) => {
      await withPrefix(async (openOther) => {
        const [one, other] = [await openOne(), await openOther()];
        await mustCommit(one, put("a"));
        await mustCommit(other, put("b"));
        expect((await other.list(rangeOf())).items.map(({ key }) => key)).toEqual([keyOf("b")]);
        expect((await one.changes(null, 10)).changes.map(({ key }) => key)).toEqual([keyOf("a")]);
      });
    });
  });

  test("is not opened with another number of partitions than it has", async () => {
    await withPrefix(async (open) => {
      await open({ partitions: 2 });
      expect(await rejectionCode(() => open({ partitions: 2 }))).toBeNull();
      expect(await rejectionCode(() => open({ partitions: 3 }))).toBe("unavailable");
    });
  });

  test("is not opened where something else stands, or another layout", async () => {
    for (const text of [
      "hello",
      "{}",
      '{"layout":2,"partitions":1,"incarnation":"x"}',
      '{"layout":1,"partitions":0}',
      '{"layout":1,"partitions":1}',
      '{"layout":',
    ]) {
      await withPrefix(async (open, prefix) => {
        await node.ask("SET", `${prefix}:store`, text);
        expect(await rejectionCode(() => open())).toBe("unavailable");
        expect(await node.ask("GET", `${prefix}:store`)).toBe(text);
      });
    }
  });
});

describe("two servers on one store", () => {
  test("are told of each other's changes, and of each exactly once", async () => {
    await withPrefix(async (open) => {
      const [one, other] = [await open(), await open()];
      let wakes = 0;
      const end = other.onChange(() => wakes++);
      await pollUntil(async () => wakes > 0, { ...PATIENCE, what: () => "Never looked" });
      wakes = 0;
      await mustCommit(one, put("a"));
      await pollUntil(async () => wakes > 0, { ...PATIENCE, what: () => "Never woken" });
      end();
      expect((await other.changes(null, 10)).changes.map(({ kind, key }) => `${kind} ${key}`)).toEqual(["put a"]);
    });
  });

  test("log the end of an entry once, whoever sweeps", async () => {
    await withPrefix(async (open) => {
      const stores = [await open(), await open(), await open()];
      const [one] = stores;
      if (one === undefined) return expect.unreachable();
      const names = Array.from({ length: 300 }, (_, index) => `k${index}`);
      await mustCommit(one, ...names.map((name) => put(name, "", { expiry: endsIn(1) })));
      const expired = () => stores.reduce((sum, store) => sum + store.stats().expired, 0);
      await pollUntil(async () => expired() === names.length, { ...PATIENCE, what: () => `Swept ${expired()}` });
      const ends = (await one.changes(null, 1000)).changes.filter(({ kind }) => kind === "expire");
      expect(ends.map(({ key }) => String(key)).toSorted()).toEqual(names.toSorted());
      expect(expired()).toBe(names.length);
    });
  });

  test("come to know each other's figures", async () => {
    await withPrefix(async (open) => {
      const [one, other] = [await open(), await open()];
      const { revision } = await mustCommit(one, put("a"), put("b"));
      await pollUntil(async () => other.stats().entries === 2 && other.stats().revision === revision, {
        ...PATIENCE,
        what: () => `Told of ${JSON.stringify(other.stats())}`,
      });
    });
  });

  test("share tokens and records of named writes", async () => {
    await withPrefix(async (open) => {
      const [one, other] = [await open(), await open()];
      await one.putToken(tokenOf("a"), null);
      await other.putToken(tokenOf("b"), null);
      expect((await one.tokens()).map(({ id }) => id)).toEqual(["tk_a", "tk_b"]);
      const once = { id: "0".repeat(64), fingerprint: "1".repeat(64), at: one.now() };
      const batch = makeBatch([add("n", 1)]);
      expect(await one.commit(batch, { ...UNNAMED, once })).toMatchObject({ isReplay: false });
      expect(await other.commit(batch, { ...UNNAMED, once })).toMatchObject({ isReplay: true });
      expect(textOf((await one.get(keyOf("n")))?.value)).toBe("1");
    });
  });
});

describe("a value on the server", () => {
  test("that is damaged is told as such, and may be written anew", async () => {
    await withPrefix(async (open, prefix) => {
      const store = await open();
      await mustCommit(store, put("a"));
      const [key] = await node.keys(`${prefix}:*:d:a`);
      await node.ask("SETRANGE", key ?? "", "0", "x");
      expect(await rejectionCode(() => store.get(keyOf("a")))).toBe("damaged-entry");
      for (const seeing of [remove("a", { want: "before" }), add("a", 1), touch("a", NEVER), check("a")]) {
        expect(await rejectionCode(() => commit(store, seeing))).toBe("damaged-entry");
      }
      await mustCommit(store, put("a", "again"));
      expect(textOf((await store.get(keyOf("a")))?.value)).toBe("again");
    });
  });

  test("ends by the server itself too, so that memory comes back where no Keyhold runs", async () => {
    await withPrefix(async (open, prefix) => {
      const store = await open();
      await mustCommit(store, put("a", "", { expiry: endsIn(86_400_000) }), put("b", "", { expiry: ENDED }));
      const [key] = await node.keys(`${prefix}:*:d:*`);
      expect(Number(await node.ask("PTTL", key ?? ""))).toBeGreaterThan(86_000_000);
    });
  });

  test("of megabytes is written and read whole, also where it is asked back", async () => {
    await withPrefix(async (open) => {
      const store = await open();
      const value = Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 31 + (index >> 8)) % 256);
      const { outcomes } = await mustCommit(store, put("a", value, { form: "bytes" }));
      expect(outcomes[0]?.after?.size).toBe(value.length);
      expect(Bun.hash((await store.get(keyOf("a")))?.value ?? "")).toBe(Bun.hash(value));
      const taken = await mustCommit(store, remove("a", { want: "before" }));
      expect(taken.outcomes[0]?.before?.size).toBe(value.length);
    });
  });

  test("that grew by appends is of the form that a reader sees", async () => {
    const cases: readonly [string, Uint8Array | string, string][] = [
      ["application/json", "[1", ",2]"],
      ["application/json", '{"a"', ":1"],
      ["application/json", '{"$base64"', ':""}'],
      ["text/plain", "a", "b"],
      ["application/octet-stream", Uint8Array.of(0xff), "b"],
      ["application/octet-stream", Uint8Array.of(0xc3), "b"],
    ];
    await withPrefix(async (open) => {
      const store = await open();
      for (const [index, [contentType, first, more]] of cases.entries()) {
        const name = `k${index}`;
        const form = formOf(typeof first === "string" ? new TextEncoder().encode(first) : first, contentType);
        await mustCommit(store, put(name, first, { contentType, form }));
        const { outcomes } = await mustCommit(store, append(name, "end", more));
        const entry = await store.get(keyOf(name));
        const expected = formOf(entry?.value ?? new Uint8Array(), contentType);
        expect([entry?.form, outcomes[0]?.after?.form]).toEqual([expected, expected]);
        const [info] = (await store.list(rangeOf({ prefix: name }))).items;
        expect(info?.form).toBe(expected);
      }
    });
  });
});

describe("a server that fails its store", () => {
  test("by being emptied is not written to under the old name", async () => {
    const own = await startStandalone();
    try {
      await withPrefix(async (_open, prefix) => {
        const store = await openTestStore({ topology: "standalone", seeds: [own.node.address] }, { prefix });
        await mustCommit(store, put("a"));
        await own.node.ask("FLUSHALL");
        await pollUntil(async () => store.refusal !== null, { ...PATIENCE, what: () => "Never noticed" });
        expect(store.refusal).toContain("empty");
        expect(await rejectionCode(() => commit(store, put("b")))).toBe("unavailable");
        await store.close();
      });
    } finally {
      await own.stop();
    }
  });

  test("by losing one partition of many is not written to there, and says so", async () => {
    await withPrefix(async (open, prefix) => {
      const store = await open({ partitions: 2, sweepIntervalMs: 3_600_000 });
      const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
      for (const name of names) await mustCommit(store, put(name));
      const lost = names.filter((name) => store.partitionOf(keyOf(name)) === store.partitionOf(keyOf("a")));
      expect(lost.length).toBeLessThan(names.length);
      const [key = ""] = await node.keys(`${prefix}:*:d:a`);
      const base = key.slice(0, -"d:a".length);
      await node.ask(
        "DEL",
        ...["i", "x", "s", "m"].map((part) => base + part),
        ...lost.map((name) => `${base}d:${name}`),
      );
      expect(await rejectionCode(() => commit(store, put("a")))).toBe("unavailable");
      const kept = names.find((name) => !lost.includes(name)) ?? expect.unreachable();
      await mustCommit(store, put(kept, "again"));
      const looking = await open({ partitions: 2 });
      expect(looking.refusal).toBeNull();
    });
    await withPrefix(async (open, prefix) => {
      const store = await open({ partitions: 2 });
      await mustCommit(store, put("a"));
      const [meta = ""] = await node.keys(`${prefix}:*:m`);
      await node.ask("DEL", meta);
      await pollUntil(async () => store.refusal !== null, { ...PATIENCE, what: () => "Never noticed" });
      expect(store.refusal).toContain("emptied");
    });
  });

  test("by having no memory left refuses what adds, and goes on with what does not", async () => {
    const own = await startStandalone();
    try {
      await withPrefix(async (_open, prefix) => {
        const store = await openTestStore({ topology: "standalone", seeds: [own.node.address] }, { prefix });
        await store.putToken(tokenOf("a"), null);
        await mustCommit(store, put("a", "a".repeat(1000)), put("n", "1"), put("e", "", { expiry: endsIn(60_000) }));
        await own.node.ask("CONFIG", "SET", "maxmemory", "1mb");
        for (const mutation of [put("b"), put("a"), add("n", 1), append("n", "end", "x")]) {
          expect(await rejectionCode(() => commit(store, mutation))).toBe("no-room");
        }
        expect(await rejectionCode(() => store.putToken(tokenOf("b"), null))).toBe("no-room");
        expect(await store.get(keyOf("b"))).toBeNull();
        expect(textOf((await store.get(keyOf("n")))?.value)).toBe("1");
        const revoked = { ...tokenOf("a"), revokedAt: store.now() };
        await store.putToken(revoked, null);
        expect(await store.tokens()).toEqual([revoked]);
        await mustCommit(store, remove("a"));
        expect((await store.deleteAll(EVERY_KEY)).deleted).toBe(2);
        await own.node.ask("CONFIG", "SET", "maxmemory", "0");
        await mustCommit(store, put("b"));
        await store.close();
      });
    } finally {
      await own.stop();
    }
  });
});
