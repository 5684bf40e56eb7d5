// Exports and imports as a user runs them: byte-exact, resumed where they were broken off, and never half believed.
// SEED= repeats one run.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { type TestServer, withMemoryServer, withSqliteServer } from "../../test/support/http-harness.ts";
import { makeSeededRandom, type SeededRandom } from "../../test/support/seeded-random.ts";
import { withTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import { EXIT } from "./exit-codes.ts";
import { run } from "./run.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ODD_KEYS = ["__proto__", "10", "a b", "ä/ö", "\ufeffbom", "🂡", "'\"\\", "%41", "a//b", "~", "\u2028", "=+&?#"];

async function keyhold(
  args: readonly string[],
  input: Uint8Array | null = null,
  environment: Readonly<Record<string, string>> = {},
) {
  const host = makeFakeHost();
  const given =
    input === null
      ? host
      : {
          ...host,
          input: async function* () {
            yield input;
          },
        };
  const code = await run(args, given, environment);
  return { code, out: host.out(), error: host.error() };
}

/** Runs `body` with a server's URL and a directory for files. */
async function withServer(body: (server: TestServer & { url: string }, directory: string) => Promise<void>) {
  await withTemporaryDirectory((directory) =>
    withSqliteServer(async (server) => {
      if (server.url === null) throw new Error("The server has no socket");
      await body({ ...server, url: server.url }, directory);
    }),
  );
}

async function fill({ http }: TestServer, random: SeededRandom, entries: number): Promise<void> {
  for (let index = 0; index < entries; index++) {
    const key = ODD_KEYS[index] ?? `key${index}`;
    const value = Uint8Array.from({ length: random.below(random.oneIn(9) ? 70_000 : 60) }, () => random.below(256));
    const body = random.oneIn(3) ? JSON.stringify({ n: random.below(99) }) : value;
    const type = random.pick(["application/json", "text/plain; charset=utf-8", "application/octet-stream", "x/y+json"]);
    const ends = random.oneIn(4) ? { TTL: String(1000 + random.below(1e6)) } : {};
    const { status } = await http.put(`/keys/${encodeURIComponent(key)}`, body, { "Content-Type": `${type}`, ...ends });
    if (type.endsWith("json") && status === 400) index--;
    else if (status !== 201) throw new Error(`SEED=${SEED}: PUT ${key} was answered ${status}`);
  }
}

/** What an import keeps of each line. */
function kept(text: string): readonly unknown[] {
  const lines = text.trimEnd().split("\n").slice(1, -1);
  return lines.map((line) => {
    const { revision, created_at, modified_at, ...rest } = JSON.parse(line);
    return rest;
  });
}

describe("an export that is imported and exported again", () => {
  test(`has the same keys, bytes, types and ends (SEED=${SEED})`, async () => {
    await withServer(async (server, directory) => {
      await fill(server, makeSeededRandom(SEED), 150);
      const [first, second] = [join(directory, "a.ndjson"), join(directory, "b.ndjson")];
      expect((await keyhold(["export", first, "--url", server.url])).code).toBe(0);
      await withMemoryServer(async ({ url }) => {
        const { code, error } = await keyhold(["import", first, "--url", url ?? ""]);
        expect([code, error]).toEqual([
          0,
          expect.stringContaining("150 entries imported, 0 skipped, 0 expired before"),
        ]);
        expect((await keyhold(["export", second, "--url", url ?? ""])).code).toBe(0);
      });
      const entries = kept(readFileSync(first, "utf8"));
      expect(entries.length).toBe(150);
      expect(kept(readFileSync(second, "utf8"))).toEqual(entries);
    });
  });

  test("is the same by way of a store's directory, a backup, and pipes", async () => {
    await withServer(async (server, directory) => {
      await fill(server, makeSeededRandom(SEED), 40);
      const piped = await keyhold(["export", "--url", server.url]);
      const store = join(directory, "store");
      const put = await keyhold(["import", "--store", store], Buffer.from(piped.out));
      expect([put.code, put.error]).toEqual([0, expect.stringContaining("40 entries imported")]);
      const [backup, again] = [join(directory, "c.db"), join(directory, "d.ndjson")];
      expect((await keyhold(["backup", backup, "--store", store])).code).toBe(0);
      expect((await keyhold(["export", again, "--from", backup])).code).toBe(0);
      expect(kept(readFileSync(again, "utf8"))).toEqual(kept(piped.out));
      expect(kept((await keyhold(["export", "--store", store])).out)).toEqual(kept(piped.out));
    });
  });
});

describe("an export", () => {
  test("that was broken off is gone on with, and is then as if it had not been", async () => {
    await withServer(async (server, directory) => {
      await fill(server, makeSeededRandom(SEED), 60);
      const file = join(directory, "a.ndjson");
      expect((await keyhold(["export", file, "--url", server.url])).code).toBe(0);
      const whole = readFileSync(file);
      for (const bytes of [whole.length - 1, whole.length >> 1, 200]) {
        writeFileSync(`${file}.part`, whole);
        truncateSync(`${file}.part`, bytes);
        const { code } = await keyhold(["export", file, "--url", server.url, "--resume", "--force"]);
        expect(code).toBe(0);
        expect(readFileSync(file, "utf8")).toBe(whole.toString());
      }
    });
  });

  test("is gone on with from no other store, and from a backup of no other revision", async () => {
    await withServer(async ({ http, url }, directory) => {
      for (const key of ["a", "b", "c"]) await http.put(`/${key}`, "1");
      const file = join(directory, "a.ndjson");
      const breakOff = async (...place: readonly string[]) => {
        const { out } = await keyhold(["export", ...place]);
        writeFileSync(`${file}.part`, out.slice(0, out.indexOf('{"key":"b"')));
      };
      const refusal = async (...place: readonly string[]) => {
        const { code, error } = await keyhold(["export", file, "--resume", ...place]);
        return { code, error: error.split("\n").at(-2) };
      };
      await breakOff("--url", url);
      await withMemoryServer(async (other) => {
        await other.http.put("/z", "1");
        expect(await refusal("--url", other.url ?? "")).toEqual({
          code: 1,
          error: expect.stringMatching(/Cannot resume: the file was begun from the store \w+, and this one is \w+$/),
        });
      });
      const [first, second] = [join(directory, "1.db"), join(directory, "2.db")];
      await keyhold(["backup", first, "--url", url]);
      await http.put("/d", "1");
      await keyhold(["backup", second, "--url", url]);
      await breakOff("--from", first);
      expect(await refusal("--from", second)).toEqual({
        code: 1,
        error: expect.stringMatching(/begun from revision 3, and this backup is of 4$/),
      });
      expect((await keyhold(["export", file, "--resume", "--from", first])).code).toBe(0);
      expect(kept(readFileSync(file, "utf8"))).toMatchObject([{ key: "a" }, { key: "b" }, { key: "c" }]);
    });
  });

  test.each(["a", "a/", "b ", "\ue000", "\ufffd", "🂡", "🂢", "zz"])(
    "of a file has the keys that begin with %j, and no others",
    async (prefix) => {
      await withServer(async ({ http, url }, directory) => {
        const keys = [
          "a",
          "a!",
          "a.\u{10ffff}",
          "a/",
          "a/1",
          "a0",
          "b",
          "b x",
          "c",
          "\ud7ff",
          "\ue000",
          "\ufffd",
          "🂡",
          "🂢x",
        ];
        for (const key of keys)
          await http.put(`/keys/${encodeURIComponent(key)}`, "1", { "Content-Type": "text/plain" });
        const file = join(directory, "a.db");
        await keyhold(["backup", file, "--url", url]);
        const { out } = await keyhold(["export", "--from", file, "--prefix", prefix]);
        expect(kept(out).map((line) => Object(line).key)).toEqual(keys.filter((key) => key.startsWith(prefix)));
      });
    },
  );

  test("that is begun anew leaves alone what another one has written, and says what to do", async () => {
    await withServer(async ({ http, url }, directory) => {
      await http.put("/a", "1");
      const file = join(directory, "a.ndjson");
      writeFileSync(`${file}.part`, "mine");
      const { code, error } = await keyhold(["export", file, "--url", url]);
      expect([code, error]).toEqual([1, expect.stringContaining("go on with it by --resume, or remove it")]);
      expect(readFileSync(`${file}.part`, "utf8")).toBe("mine");
      expect(existsSync(file)).toBe(false);
    });
  });

  test("of which nothing has come leaves nothing that would be in the way of the next", async () => {
    await withTemporaryDirectory(async (directory) => {
      const file = join(directory, "a.ndjson");
      const { code, error } = await keyhold(["export", file, "--url", "http://127.0.0.1:1"]);
      expect([code, error]).toEqual([EXIT.unreachable, expect.not.stringContaining("--resume")]);
      expect(existsSync(`${file}.part`)).toBe(false);
    });
  });

  test("has only keys of its prefix, and is gone on with under no other", async () => {
    await withServer(async ({ http, url }, directory) => {
      for (const key of ["a1", "a2", "b1"]) await http.put(`/${key}`, "1");
      const { out } = await keyhold(["export", "--url", url, "--prefix", "a"]);
      expect(kept(out)).toMatchObject([{ key: "a1" }, { key: "a2" }]);
      const file = join(directory, "a.ndjson");
      writeFileSync(`${file}.part`, out);
      const resumed = await keyhold(["export", file, "--url", url, "--resume"]);
      expect([resumed.code, resumed.error]).toEqual([1, expect.stringContaining("another --prefix")]);
    });
  });
});

describe("an import", () => {
  const lines = (keys: readonly string[]) =>
    keys.map((key) => `{"key":"${key}","text":"new","content_type":"a/b","expires_at":null}\n`).join("");

  test("of a file that is damaged or cut short puts nothing, and exits 65", async () => {
    await withServer(async (server, directory) => {
      await fill(server, makeSeededRandom(SEED), 20);
      const file = join(directory, "a.ndjson");
      await keyhold(["export", file, "--url", server.url]);
      await server.http.delete("/keys?prefix=key");
      const whole = readFileSync(file, "utf8");
      const damaged = [
        whole.replace('"key":"10"', '"key":"11"'),
        whole.slice(0, -1),
        whole.slice(0, whole.length >> 1),
        whole + whole,
      ];
      for (const text of damaged) {
        writeFileSync(file, text);
        const { code, error } = await keyhold(["import", file, "--url", server.url]);
        expect([code, error]).toEqual([65, expect.stringMatching(/is damaged|cut short|goes on behind/)]);
        expect(await server.http.json("/keys?prefix=key")).toEqual([]);
      }
    });
  });

  test.each([
    ["replace", { a: "new", b: "new" }, "2 entries imported, 0 skipped"],
    ["skip", { a: "old", b: "new" }, "1 entries imported, 1 skipped"],
    ["fail", { a: "old", b: undefined }, 'There is an entry "a" already'],
  ])("by the policy %s", async (policy, values, told) => {
    await withServer(async ({ http, url }) => {
      await http.put("/a", "old");
      const { error } = await keyhold(["import", "--url", url, "--on-conflict", policy], exportOf(lines(["a", "b"])));
      expect(error).toContain(told);
      const pairs = await http.json("/keys");
      expect(Object.assign({}, ...(pairs as object[]))).toEqual(JSON.parse(JSON.stringify(values)) as never);
    });
  });

  test("to a URL that is none is refused before the file is read", async () => {
    const { code, error } = await keyhold(["import", "no-such-file", "--url", "nowhere"]);
    expect([code, error]).toEqual([2, expect.stringContaining("Cannot use --url")]);
  });

  test("leaves out what has ended", async () => {
    await withServer(async ({ http, url }) => {
      const line = lines(["a"]).replace('"expires_at":null', '"expires_at":"2001-01-01T00:00:00.000Z"');
      const { error } = await keyhold(["import", "--url", url], exportOf(line));
      expect(error).toContain("0 entries imported, 0 skipped, 1 expired before");
      expect((await http.get("/a")).status).toBe(404);
    });
  });

  test("that was broken off goes on behind the last chunk that was answered", async () => {
    await withServer(async ({ http, url }, directory) => {
      const file = join(directory, "a.ndjson");
      const keys = Array.from({ length: 1200 }, (_, index) => `key${1000 + index}`);
      writeFileSync(file, exportOf(lines(keys)));
      await http.put("/key2100", "old");
      const broken = await keyhold(["import", file, "--url", url, "--on-conflict", "fail"]);
      expect([broken.code, broken.error]).toEqual([
        EXIT.conflict,
        expect.stringContaining("1000 entries are imported, and --resume"),
      ]);
      await http.delete("/key2100");
      // A chunk that is sent again must not be sent: it would meet its own entries.
      const { code, error } = await keyhold(["import", file, "--url", url, "--on-conflict", "fail", "--resume"]);
      expect([code, error]).toEqual([0, expect.stringContaining("1200 entries imported")]);
      expect((await http.head("/keys?count")).headers["total-count"]).toBe("1200");
      expect(existsSync(`${file}.progress`)).toBe(false);
    });
  });

  test("goes on with no other file than the one that was begun", async () => {
    await withServer(async ({ http, url }, directory) => {
      const file = join(directory, "a.ndjson");
      await http.put("/b", "old");
      writeFileSync(file, exportOf(lines(["b"])));
      await keyhold(["import", file, "--url", url, "--on-conflict", "fail"]);
      writeFileSync(file, exportOf(lines(["c"])));
      const { code, error } = await keyhold(["import", file, "--url", url, "--resume"]);
      expect([code, error]).toEqual([1, expect.stringContaining("is another file than the one that was begun")]);
    });
  });

  test("whose first chunk failed can be gone on with", async () => {
    await withServer(async ({ http, url }, directory) => {
      const file = join(directory, "a.ndjson");
      await http.put("/b", "old");
      writeFileSync(file, exportOf(lines(["b"])));
      const args = ["import", file, "--url", url, "--on-conflict", "fail"];
      expect((await keyhold(args)).error).toContain("0 entries are imported, and --resume goes on");
      await http.delete("/b");
      const { code, error } = await keyhold([...args, "--resume"]);
      expect([code, error]).toEqual([0, expect.stringContaining("1 entries imported")]);
    });
  });

  test("goes on into no other store than the one it was begun into, and by no other policy", async () => {
    await withServer(async ({ http, url }, directory) => {
      const file = join(directory, "a.ndjson");
      await http.put("/key1600", "old");
      writeFileSync(file, exportOf(lines(Array.from({ length: 700 }, (_, index) => `key${1000 + index}`))));
      const begun = await keyhold(["import", file, "--url", url, "--on-conflict", "fail"]);
      expect(begun.error).toContain("500 entries are imported, and --resume");
      const resume = ["import", file, "--on-conflict", "fail", "--resume"];
      const other = join(directory, "other");
      await withMemoryServer(async (elsewhere) => {
        for (const place of [
          ["--url", elsewhere.url ?? ""],
          ["--store", other],
        ]) {
          const { code, error } = await keyhold([...resume, ...place]);
          expect([code, error]).toEqual([1, expect.stringContaining("it was begun into the store ")]);
        }
        expect((await elsewhere.http.head("/keys?count")).headers["total-count"]).toBe("0");
      });
      const policy = await keyhold(["import", file, "--url", url, "--resume"]);
      expect([policy.code, policy.error]).toEqual([1, expect.stringContaining("begun with --on-conflict fail")]);
      await http.delete("/key1600");
      expect((await keyhold([...resume, "--url", url])).error).toContain("700 entries imported");
    });
  });

  test("does not go on from a progress that is none", async () => {
    await withServer(async ({ http, url }, directory) => {
      const file = join(directory, "a.ndjson");
      await http.put("/b", "old");
      const whole = exportOf(lines(["b"]));
      writeFileSync(file, whole);
      const args = ["import", file, "--url", url, "--on-conflict", "fail"];
      await keyhold(args);
      const good = JSON.parse(readFileSync(`${file}.progress`, "utf8"));
      await http.delete("/b");
      const wrong = [
        "",
        "[]",
        ...[
          { offset: -1 },
          { offset: 0.5 },
          { offset: 7 },
          { offset: whole.length + 1 },
          { run: "x\r\ny" },
          { target: 1 },
          { on_conflict: "no" },
          { counts: {} },
          { counts: { imported: "1", skipped: 0, expired: 0 } },
        ].map((member) => JSON.stringify({ ...good, ...member })),
      ];
      for (const text of wrong) {
        writeFileSync(`${file}.progress`, text);
        const { code, error } = await keyhold([...args, "--resume"]);
        expect({ text, code, error }).toEqual({
          text,
          code: 1,
          error: expect.stringContaining("is no progress of an import; remove it to begin anew"),
        });
      }
      writeFileSync(`${file}.progress`, JSON.stringify({ ...good, offset: whole.indexOf("\n") + 1 }));
      expect((await keyhold([...args, "--resume"])).code).toBe(0);
    });
  });

  test("into a store of this machine keeps within the limits of the environment", async () => {
    await withTemporaryDirectory(async (directory) => {
      const [store, file] = [join(directory, "store"), join(directory, "a.ndjson")];
      writeFileSync(file, exportOf(lines(["a"]).replace('"new"', `"${"x".repeat(1024 * 1024)}"`)));
      const args = ["import", file, "--store", store];
      const full = await keyhold(args, null, { KEYHOLD_STORE_SIZE: "1MiB" });
      expect([full.code, full.error]).toEqual([1, expect.stringContaining("--store-size")]);
      expect((await keyhold(args, null, { KEYHOLD_STORE_SIZE: "none at all" })).code).toBe(78);
      expect((await keyhold(args)).code).toBe(0);
    });
  });

  test("over the bounds of one request is 413, at them it is taken", async () => {
    await withServer(async ({ http }) => {
      const keys = Array.from({ length: 1001 }, (_, index) => `key${index}`);
      const post = (text: string) => http.send("POST /-/import", text, { "Content-Type": "application/x-ndjson" });
      expect((await post(lines(keys))).status).toBe(413);
      const { status, text } = await post(lines(keys.slice(1)));
      expect([status, JSON.parse(text)]).toEqual([200, { imported: 1000, skipped: 0, expired: 0 }]);
      expect((await post("no line")).status).toBe(400);
      expect((await http.send("POST /-/import?on_conflict=no", "")).status).toBe(400);
    });
  });

  test("of a value beyond --max-value is refused", async () => {
    await withServer(async ({ http }) => {
      const line = (bytes: number) =>
        `{"key":"a","text":"${"x".repeat(bytes)}","content_type":"a/b","expires_at":null}\n`;
      expect((await http.send("POST /-/import", line(1024 * 1024))).status).toBe(200);
      expect((await http.send("POST /-/import", line(1024 * 1024 + 1))).status).toBe(413);
    });
  });

  /** Lines of entries as a whole export. */
  function exportOf(text: string): Buffer {
    const first = '{"keyhold_export":1,"revision":1,"incarnation":"a","at":"2026-01-01T00:00:00.000Z","prefix":""}\n';
    const sha256 = new Bun.CryptoHasher("sha256").update(first + text).digest("hex");
    return Buffer.from(`${first}${text}${JSON.stringify({ entries: text.split("\n").length - 1, sha256 })}\n`);
  }
});
