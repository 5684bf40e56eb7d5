// Copies as a user runs them: byte-exact, refused where they could mix two stores, gone on with, and never half believed.
// SEED= repeats one run.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { fillStore, heldIn, withStoreIn } from "../../test/support/filled-store.ts";
import { withMemoryServer, withSqliteServer } from "../../test/support/http-harness.ts";
import { makeSeededRandom } from "../../test/support/seeded-random.ts";
import { withTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import { tokenOf } from "../../test/support/token-records.ts";
import { toEpochMs } from "../core/expiry.ts";
import { visit } from "../engines/archive.ts";
import { EXIT } from "./exit-codes.ts";
import { run } from "./run.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ENTRIES = 700;

// Servers that are not there are tried for three seconds.
setDefaultTimeout(30_000);

async function keyhold(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const host = { ...makeFakeHost(), nowMs: Date.now };
  const code = await run(args, host, environment);
  return { code, out: host.out(), error: host.error() };
}

/** Runs `body` with a filled store, the place of another that is not there, and a directory for files. */
async function withStores(
  body: (places: { from: string; to: string; directory: string }) => Promise<void>,
  entries = ENTRIES,
) {
  await withTemporaryDirectory(async (directory) => {
    const from = join(directory, "from");
    await withStoreIn(from, (store) => fillStore(store, makeSeededRandom(SEED), entries));
    await body({ from, to: join(directory, "to"), directory });
  });
}

const held = (directory: string) => withStoreIn(directory, heldIn);

async function put(directory: string, key: string, text: string) {
  await withMemoryLessServer(directory, async (url) => {
    const { status } = await fetch(`${url}/keys/${key}`, { method: "PUT", body: text });
    if (status >= 300) throw new Error(`PUT was answered ${status}`);
  });
}

async function withMemoryLessServer(directory: string, body: (url: string) => Promise<void>) {
  await withSqliteServer(async ({ url }) => body(url ?? ""), { store: `sqlite:${directory}` });
}

describe("a copy of one store into another", () => {
  test(`keeps keys, bytes, types, forms and ends (SEED=${SEED})`, async () => {
    await withStores(async ({ from, to }) => {
      const { code, out, error } = await keyhold(["copy", from, to]);
      expect([code, error]).toEqual([0, expect.not.stringContaining("may be missed")]);
      expect(out).toContain(`${ENTRIES} entries with`);
      expect(out).toMatch(/; the same\n {2}both hold 700 entries with .*, sha256 [0-9a-f]{64}\n$/);
      const before = await held(from);
      expect(before.length).toBe(ENTRIES);
      expect(await held(to)).toEqual(before);
    });
  });

  test("into a running server, and out of it, and while a server holds FROM, keeps the same", async () => {
    await withStores(async ({ from, to }) => {
      await withMemoryServer(async ({ url }) => {
        await withMemoryLessServer(from, async () => {
          const { code, error } = await keyhold(["copy", from, url ?? ""]);
          expect([code, error]).toEqual([0, expect.stringContaining("from now on may be missed")]);
        });
        const { code, error } = await keyhold(["copy", url ?? "", `sqlite:${to}`]);
        expect([code, error]).toEqual([0, expect.stringContaining("Access tokens are left")]);
      });
      expect(await held(to)).toEqual(await held(from));
    });
  });

  test("as JSON says the same for scripts", async () => {
    await withStores(async ({ from, to }) => {
      const report = JSON.parse((await keyhold(["copy", from, to, "--json"])).out);
      expect(report).toMatchObject({
        from: `sqlite:${from}`,
        to: `sqlite:${to}`,
        same: true,
        copied: { imported: 20, skipped: 0, expired: 0 },
        tokens: 0,
        comparison: { differences: { missing: 0, extra: 0, different: 0 }, settled: 0 },
      });
      expect(report.comparison.source).toEqual(report.comparison.target);
    }, 20);
  });

  test("of an empty store is an empty store", async () => {
    await withStores(async ({ from, to }) => {
      const { code, out } = await keyhold(["copy", from, to]);
      expect([code, out]).toEqual([0, expect.stringContaining("both hold 0 entries")]);
    }, 0);
  });
});

describe("access tokens", () => {
  const records = [
    tokenOf("one", { hash: "a".repeat(64), prefixes: ["a/"], expiresAt: toEpochMs(1_900_000_000_123) }),
    tokenOf("two", { hash: "b".repeat(64), revokedAt: toEpochMs(1_800_000_000_001) }),
  ];
  const give = (directory: string, given: readonly (typeof records)[number][]) =>
    withStoreIn(directory, async (store) => {
      for (const record of given) await store.putToken(record, null);
    });
  const tokensIn = (directory: string) => withStoreIn(directory, (store) => store.tokens());

  test("are carried over, revoked ones too", async () => {
    await withStores(async ({ from, to }) => {
      await give(from, records);
      expect((await keyhold(["copy", from, to])).out).toContain("2 access tokens");
      expect(await tokensIn(to)).toEqual(records);
    }, 3);
  });
  test("are left by --no-tokens", async () => {
    await withStores(async ({ from, to }) => {
      await give(from, records);
      expect((await keyhold(["copy", from, to, "--no-tokens"])).code).toBe(0);
      expect(await tokensIn(to)).toEqual([]);
    }, 3);
  });
  test("that were revoked in TO stay revoked", async () => {
    await withStores(async ({ from, to }) => {
      await give(from, records);
      const revoked = records.map((record) => ({ ...record, revokedAt: toEpochMs(1_800_000_000_001) }));
      await give(to, revoked);
      expect((await keyhold(["copy", from, to])).code).toBe(0);
      expect(await tokensIn(to)).toEqual(revoked);
    }, 3);
  });
});

describe("a store that holds entries already", () => {
  test("is not copied into", async () => {
    await withStores(async ({ from, to }) => {
      await put(to, "mine", "1");
      const { code, error } = await keyhold(["copy", from, to]);
      expect([code, error]).toEqual([1, expect.stringContaining("holds entries already; give --into-existing")]);
      expect((await held(to)).map(({ key }) => key)).toEqual(["mine"]);
    }, 5);
  });
  test.each([
    ["replace", 0, "MQ==", (value: string) => value !== "MQ=="],
    ["skip", 0, "MQ==", (value: string) => value === "MQ=="],
    ["fail", EXIT.conflict, "MQ==", (value: string) => value === "MQ=="],
  ])("is copied into by --into-existing, with --on-conflict %s", async (policy, expected, mine, isRight) => {
    await withStores(async ({ from, to }) => {
      await put(to, "key15", "1");
      await put(to, "zzz", "1");
      const { code } = await keyhold(["copy", from, to, "--into-existing", "--on-conflict", policy]);
      expect(code).toBe(expected);
      const after = await held(to);
      expect(after.find(({ key }) => key === "zzz")?.value).toBe(mine);
      expect(isRight(after.find(({ key }) => key === "key15")?.value ?? "")).toBe(true);
    }, 20);
  });
});

describe("what cannot be copied is refused, and nothing is written", () => {
  test.each([
    [["memory:", "TO"], 2, "a store in memory is its server's alone"],
    [["foo:bar", "TO"], 2, 'Cannot use FROM "foo:bar": expected sqlite:DIRECTORY'],
    [["valkey://u:hunter2@h:x", "TO"], 2, "server 1 has no port"],
    [["FROM", "valkey://u:hunter2"], 2, "server 1 has no port"],
    [["FROM", "valkey://u:hunter2@127.0.0.1:1/0", "--promise", "applied"], 1, "Cannot "],
    [["none", "TO"], 1, "there is none"],
    [["FROM", "FROM"], 1, "open"],
    [["FROM", "TO", "--on-conflict", "skip"], 2, "--on-conflict without --into-existing"],
    [["FROM", "TO", "--until-idle", "1s"], 2, "--until-idle without --follow"],
    [["FROM", "TO", "--follow", "--until-idle", "soon"], 2, "expected a duration from 1s to 1d"],
    [["FROM", "TO", "--verify-only", "--follow"], 2, "it copies nothing"],
    [["FROM", "TO", "--resume", "f", "--into-existing", "--on-conflict", "fail"], 2, "in the way of itself"],
    [["FROM", "TO", "--store-user", "u"], 2, "Cannot use --store-user: neither FROM nor TO"],
    [["FROM", "TO", "--promise", "fsync"], 2, "Cannot use --promise: neither FROM nor TO"],
    [["FROM", "valkey://h", "--store-ca", "f"], 2, "Cannot use --store-ca: neither FROM nor TO"],
    [["valkey://h", "TO", "--partitions", "4"], 2, "Cannot use --partitions: neither FROM nor TO"],
    [["FROM", "valkey://h", "--from-password-file", "f"], 2, "Cannot use --from-password-file: FROM is no store"],
    [["http://user:hunter2@h", "TO"], 2, "Cannot use FROM"],
  ])("%j", async (args, expected, sentence) => {
    await withStores(async ({ from, to, directory }) => {
      const named = args.map((arg) => (arg === "FROM" ? from : arg === "TO" ? to : arg));
      if (args[0] === "FROM" && args[1] === "FROM") {
        await withMemoryLessServer(from, async () => {
          const { code, error } = await keyhold(["copy", ...named]);
          expect([code, error]).toEqual([expected, expect.stringContaining(sentence)]);
        });
        return;
      }
      const { code, out, error } = await keyhold([
        "copy",
        ...named.map((arg) => (arg === "none" ? join(directory, arg) : arg)),
      ]);
      expect([code, out, error]).toEqual([expected, "", expect.stringContaining(sentence)]);
      expect(error).not.toContain("hunter2");
      expect(existsSync(to)).toBe(false);
    }, 1);
  });
  test("a store into itself", async () => {
    await withStores(async ({ from }) => {
      const { code, error } = await keyhold(["copy", from, from]);
      expect([code, error]).toEqual([1, expect.stringContaining("are the same store")]);
    }, 1);
  });
});

describe("settings that are meant for the other side", () => {
  test("do not keep a side from being opened", async () => {
    await withStores(async ({ from, to }) => {
      const environment = {
        KEYHOLD_STORE: "valkey://h",
        KEYHOLD_STORE_PASSWORD_FILE: "p",
        KEYHOLD_PROMISE: "fsync",
        KEYHOLD_PARTITIONS: "4",
      };
      expect((await keyhold(["copy", from, to], environment)).code).toBe(0);
      const there = { KEYHOLD_STORE_SIZE: "1MiB", KEYHOLD_ENGINE_DEADLINE: "100ms" };
      const { code, error } = await keyhold(["copy", from, "valkey://127.0.0.1:1"], there);
      // Nobody listens there: it has come as far as that.
      expect([code, error]).toEqual([1, expect.not.stringContaining("--store-size")]);
    }, 1);
  });
});

describe("--verify-only", () => {
  test("tells by exit code 65 what is missing, different, and there alone", async () => {
    await withStores(async ({ from, to }) => {
      expect((await keyhold(["copy", from, to])).code).toBe(0);
      expect((await keyhold(["copy", from, to, "--verify-only"])).out).toContain("compared in");
      await put(to, "extra", "1");
      await put(from, "missing", "1");
      await put(to, "key15", "1");
      const { code, out } = await keyhold(["copy", from, to, "--verify-only"]);
      expect(code).toBe(65);
      expect(out).toContain("; different\n");
      expect(out).toContain('"extra" is in TO alone');
      expect(out).toContain('"missing" is missing in TO');
      expect(out).toContain('"key15" is different in TO');
      expect((await held(to)).some(({ key }) => key === "missing")).toBe(false);
    }, 20);
  });
});

describe("a copy that was broken off", () => {
  test("goes on behind the place that is kept, and takes the file away when all is there", async () => {
    await withStores(async ({ from, to, directory }) => {
      const file = join(directory, "copy.place");
      const all = await held(from);
      expect((await keyhold(["copy", from, to])).code).toBe(0);
      // As after a kill: what stands up to the place has been put, and what is behind it is put anew.
      const place = placeOf({ from, to, after: all[299]?.key ?? "" });
      writeFileSync(file, JSON.stringify(place));
      const { code, out } = await keyhold(["copy", from, to, "--resume", file]);
      expect([code, out]).toEqual([0, expect.stringContaining(`${ENTRIES} entries with`)]);
      expect(existsSync(file)).toBe(false);
      expect(await held(to)).toEqual(all);
    });
  });
  test("is not gone on with between other stores, nor by a file that is none", async () => {
    await withStores(async ({ from, to, directory }) => {
      const file = join(directory, "copy.place");
      expect((await keyhold(["copy", from, to])).code).toBe(0);
      const place = placeOf({ from, to, after: "a" });
      for (const [text, sentence] of [
        [JSON.stringify({ ...place, source: "other" }), "from the store other"],
        [JSON.stringify({ ...place, target: "other" }), "into the store other"],
        [JSON.stringify({ ...place, on_conflict: "skip" }), "with --on-conflict skip"],
        [JSON.stringify({ ...place, counts: {} }), "is no place of a copy"],
        ["{}", "is no place of a copy"],
        ["", "is no place of a copy"],
      ] as const) {
        writeFileSync(file, text);
        const { code, error } = await keyhold(["copy", from, to, "--resume", file]);
        expect([code, error]).toEqual([1, expect.stringContaining(sentence)]);
        expect(readFileSync(file, "utf8")).toBe(text);
      }
    }, 5);
  });
});

function placeOf({ from, to, after }: { readonly from: string; readonly to: string; readonly after: string }) {
  const [source, target] = [visit(from).incarnation, visit(to).incarnation];
  const counts = { imported: 300, skipped: 0, expired: 0, bytes: 0 };
  return { keyhold_copy: 1, source, target, after, cursor: null, counts, is_whole: false, on_conflict: "replace" };
}

describe("--follow", () => {
  test("applies what is put, replaced, given an end and deleted meanwhile, until a signal", async () => {
    await withStores(async ({ from, to, directory }) => {
      await withMemoryLessServer(from, async (url) => {
        const host = { ...makeFakeHost(), nowMs: Date.now };
        const told = Promise.withResolvers<void>();
        const writeError = (lines: string) => {
          host.writeError(lines);
          if (lines.includes("stop the writes there")) told.resolve();
        };
        const file = join(directory, "copy.place");
        const code = run(["copy", from, to, "--follow", "--resume", file], { ...host, writeError }, {});
        await told.promise;
        await fetch(`${url}/keys/new`, { method: "PUT", body: "1" });
        await fetch(`${url}/keys/key15`, { method: "PUT", body: "2", headers: { TTL: "1000" } });
        await fetch(`${url}/keys/key16`, { method: "DELETE" });
        expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ is_whole: true });
        host.signal("SIGINT");
        expect([await code, host.out()]).toEqual([0, expect.stringContaining("; the same")]);
        expect(existsSync(file)).toBe(false);
      });
      const after = await held(to);
      expect(after).toEqual(await held(from));
      expect(after.some(({ key }) => key === "key16")).toBe(false);
      expect(after.find(({ key }) => key === "key15")?.expiresAt).not.toBeNull();
    }, 20);
  });
  test("ends by itself when nothing has been written for long enough", async () => {
    await withStores(async ({ from, to }) => {
      const host = makeFakeHost();
      expect(await run(["copy", from, to, "--follow", "--until-idle", "1h"], host, {})).toBe(0);
      expect(host.nowMs()).toBeGreaterThanOrEqual(3_600_000);
    }, 5);
  });
  test("is refused of a server, whose change log is not read", async () => {
    await withStores(async ({ to }) => {
      await withMemoryServer(async ({ url }) => {
        const { code, error } = await keyhold(["copy", url ?? "", to, "--follow"]);
        expect([code, error]).toEqual([2, expect.stringContaining("name its store instead of the server")]);
      });
    }, 0);
  });
});

test("a signal ends a copy in order, and says how to go on", async () => {
  await withStores(async ({ from, to, directory }) => {
    const host = makeFakeHost();
    const file = join(directory, "copy.place");
    const code = run(["copy", from, to, "--resume", file], host, {});
    while (!host.error().includes("copy: begun")) await new Promise(setImmediate);
    host.signal("SIGTERM");
    expect([await code, host.error()]).toEqual([1, expect.stringContaining(`goes on from the place in ${file}`)]);
    expect((await keyhold(["copy", from, to, "--resume", file])).code).toBe(0);
    expect(await held(to)).toEqual(await held(from));
  });
});
