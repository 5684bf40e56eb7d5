// Whose a secret is, and how many tokens there may be.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeMemoryHarness } from "../../test/support/memory-harness.ts";
import { rejectionCode, rejectionOf } from "../../test/support/rejection-code.ts";
import { ROOMY } from "../../test/support/store-harness.ts";
import { tokenOf } from "../../test/support/token-records.ts";
import { makeTurnableTimers, type TurnableTimers } from "../../test/support/turnable-timers.ts";
import { makeCount } from "../core/count.ts";
import { toEpochMs } from "../core/expiry.ts";
import { LIMITS } from "../core/limits.ts";
import { makeGrant, SCOPES, type TokenRecord } from "../core/token.ts";
import type { Store } from "../store/store.ts";
import { readAdminToken } from "./admin-token-file.ts";
import { EVERYBODY, may } from "./policy.ts";
import { digestOf, makeSecret, makeTokenId, parseBearer } from "./secrets.ts";
import { TokenBook } from "./token-book.ts";

const GRANT = makeGrant({ name: "n", scopes: ["read"], prefixes: [], expiresAt: null });

interface Parts {
  readonly store: Store;
  readonly book: TokenBook;
  readonly timers: TurnableTimers;
  step(): Promise<void>;
}

async function withBook(records: readonly TokenRecord[], body: (parts: Parts) => Promise<void>): Promise<void> {
  const { store, step, close } = await makeMemoryHarness(ROOMY);
  const timers = makeTurnableTimers(store.now);
  for (const record of records) await store.putToken(record, null);
  try {
    await body({
      store,
      timers,
      step,
      book: new TokenBook({ store, timers, adminSecret: null, changes: null }, await store.tokens()),
    });
  } finally {
    await close();
  }
}

/** Records of as many tokens as there may be; all of them count. */
function full(): TokenRecord[] {
  return Array.from({ length: LIMITS.tokens }, (_, number) =>
    tokenOf(String(number), { hash: number.toString(16).padStart(64, "0") }),
  );
}

describe("a secret", () => {
  test("is random, long, and carried by Bearer as it is", () => {
    const secrets = Array.from({ length: 1000 }, makeSecret);
    expect(new Set(secrets).size).toBe(1000);
    for (const secret of secrets) expect(parseBearer(`Bearer ${secret}`)).toBe(secret);
    // Each character takes many of the 64 values: none of the bits stands still.
    for (let at = 3; at < 45; at++) expect(new Set(secrets.map((secret) => secret[at])).size).toBeGreaterThan(50);
  });

  test("is kept as its SHA-256", () => {
    expect(digestOf("abc").toString("hex")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  test("has an id of its own alphabet", () => {
    const ids = Array.from({ length: 1000 }, makeTokenId);
    expect(new Set(ids).size).toBe(1000);
    expect(ids.filter((id) => !/^tk_[0-9a-z]{12}$/.test(id))).toEqual([]);
  });
});

describe("a book", () => {
  test("knows its tokens again, and nobody else's", async () => {
    await withBook([], async ({ book, store }) => {
      expect(book.hasTokens()).toBe(false);
      const { secret, record } = await book.issue(GRANT);
      const again = new TokenBook(
        { store, timers: makeTurnableTimers(store.now), adminSecret: null, changes: null },
        await store.tokens(),
      );
      for (const known of [book, again]) {
        expect(known.judge(secret)).toMatchObject({ is: "good", subject: { id: record.id, scopes: ["read"] } });
        expect(known.judge(`${secret}A`)).toEqual({ is: "unknown" });
        expect(known.judge(record.hash)).toEqual({ is: "unknown" });
        expect(known.hasTokens()).toBe(true);
      }
      expect(JSON.stringify(await store.tokens())).not.toContain(secret);
    });
  });

  test("that is opened while another thread makes a token knows it when it is asked", async () => {
    await withBook([], async ({ store, timers }) => {
      const options = { store, timers, adminSecret: null, changes: makeCount() };
      const records = await store.tokens();
      const { secret } = await new TokenBook(options, records).issue(GRANT);
      const book = new TokenBook(options, records);
      await book.catchUp();
      expect([book.hasTokens(), book.judge(secret).is]).toEqual([true, "good"]);
      expect(book.catchUp()).toBeNull();
    });
  });

  test("tells why a token does not count any more", async () => {
    await withBook([], async ({ book, store, step }) => {
      const short = await book.issue({ ...GRANT, expiresAt: toEpochMs(store.now() + 1) });
      expect(book.judge(short.secret).is).toBe("good");
      await step();
      expect(book.judge(short.secret)).toEqual({ is: "ended", id: short.record.id, why: "expired" });
      await book.revoke(short.record.id);
      expect(book.judge(short.secret)).toEqual({ is: "ended", id: short.record.id, why: "revoked" });
      expect(await book.revoke("tk_nobody")).toBeNull();
    });
  });

  test("makes a token only once it is kept, and keeps the old state where it cannot be", async () => {
    await withBook([], async ({ book, store }) => {
      const { secret, record } = await book.issue(GRANT);
      await store.close();
      expect(await rejectionCode(() => book.issue(GRANT))).toBe("unavailable");
      expect(await rejectionCode(() => book.revoke(record.id))).toBe("unavailable");
      expect([book.list().length, book.judge(secret).is]).toEqual([1, "good"]);
    });
  });

  test("takes as many tokens as the limit; one more only where one has ended, the one that ended first", async () => {
    const records = full();
    const last = records.length - 1;
    records[last] = { ...(records[last] ?? tokenOf("x")), revokedAt: toEpochMs(2) };
    records[5] = { ...(records[5] ?? tokenOf("x")), expiresAt: toEpochMs(1) };
    await withBook(records, async ({ book, store }) => {
      // At once, to see that they take turns.
      const [first, second, third] = await Promise.allSettled([
        book.issue(GRANT),
        book.issue(GRANT),
        book.issue(GRANT),
      ]);
      expect([first.status, second.status]).toEqual(["fulfilled", "fulfilled"]);
      expect(third).toMatchObject({ status: "rejected", reason: { code: "no-room", data: { limit: LIMITS.tokens } } });
      const kept = new Set((await store.tokens()).map(({ id }) => id));
      expect([kept.size, kept.has("tk_5"), kept.has(`tk_${last}`)]).toEqual([LIMITS.tokens, false, false]);
      expect(book.list().map(({ id }) => id)).toEqual([...kept]);
    });
  });

  test("tells each who holds on to something once, and looks only as long as somebody does", async () => {
    await withBook([], async ({ book, store, timers, step }) => {
      const lasting = await book.issue(GRANT);
      const short = await book.issue({ ...GRANT, expiresAt: toEpochMs(store.now() + 600) });
      const told: string[] = [];
      const hold = (secret: string, name: string) => {
        const verdict = book.judge(secret);
        if (verdict.is !== "good") throw new Error("The token should count");
        return book.onEnd(verdict.subject, () => told.push(name));
      };
      hold(lasting.secret, "lasting");
      expect(timers.pending).toBe(0);
      hold(short.secret, "short");
      hold(short.secret, "called off")();
      expect(timers.pending).toBe(1);
      for (let ms = 0; ms < 1600; ms++) {
        await step();
        timers.runDue();
      }
      expect([told, timers.pending]).toEqual([["short"], 0]);
      await book.revoke(lasting.record.id);
      await book.revoke(lasting.record.id);
      expect(told).toEqual(["short", "lasting"]);
    });
  });

  test("tells also those who come just when their token has ended", async () => {
    await withBook([], async ({ book, timers, step }) => {
      const { secret, record } = await book.issue(GRANT);
      const verdict = book.judge(secret);
      await book.revoke(record.id);
      let told = 0;
      if (verdict.is === "good") book.onEnd(verdict.subject, () => told++);
      for (let ms = 0; ms < 1000; ms++) {
        await step();
        timers.runDue();
      }
      expect(told).toBe(1);
    });
  });
});

describe("leave", () => {
  test("is given by its own scope alone, but that admin gives metrics", () => {
    for (const scope of SCOPES) {
      const given = SCOPES.filter((action) => may({ id: "t", scopes: [scope], prefixes: [] }, action));
      expect([scope, given]).toEqual([scope, scope === "admin" ? ["admin", "metrics"] : [scope]]);
      expect(may({ id: "t", scopes: [scope], prefixes: [] }, "none")).toBe(true);
      expect(may(EVERYBODY, scope)).toBe(true);
    }
  });
});

describe("the file of an operator's token", () => {
  const read = async (text: string) => {
    const directory = mkdtempSync(join(tmpdir(), "keyhold-token-"));
    const path = join(directory, "token");
    writeFileSync(path, text);
    try {
      return await rejectionOf(() => expect(readAdminToken(path)).toBe(text.trim()));
    } finally {
      rmSync(directory, { recursive: true });
    }
  };

  test("is its trimmed text, of 32 characters at least and 512 at most", async () => {
    expect(await read(`  ${"a".repeat(32)}\n`)).toBeNull();
    expect(await read("a".repeat(512))).toBeNull();
    expect((await read("a".repeat(31)))?.detail).toContain("it has 31 characters, and 32 at least are needed");
    expect((await read("a".repeat(513)))?.code).toBe("invalid-parameter");
  });

  test("is never told of what it holds", async () => {
    const refused = await read(`${"a".repeat(40)} secret`);
    expect(refused?.code).toBe("invalid-parameter");
    expect(refused?.detail).not.toContain("secret");
  });

  test("is refused where it is not there", async () => {
    expect((await rejectionOf(() => readAdminToken("/nowhere/token")))?.detail).toContain("ENOENT");
    // Neither a directory nor a device is read, and so is no pipe, which would hold up everything.
    for (const path of ["/tmp", "/dev/zero"]) {
      expect((await rejectionOf(() => readAdminToken(path)))?.detail).toContain("it is no file of at most");
    }
  });
});
