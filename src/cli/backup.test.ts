// The commands on backups as a user runs them: against a server of this process, and on directories.
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { type TestServer, withMemoryServer, withSqliteServer } from "../../test/support/http-harness.ts";
import { withTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import { EXIT } from "./exit-codes.ts";
import { run } from "./run.ts";

async function keyhold(args: readonly string[]) {
  const host = makeFakeHost();
  const code = await run(args, host, {});
  return { code, out: host.out(), error: host.error() };
}

/** A server with the entry a=1, and a directory for files. */
async function withServer(body: (server: TestServer & { url: string }, directory: string) => Promise<void>) {
  await withTemporaryDirectory((directory) =>
    withSqliteServer(async (server) => {
      if (server.url === null) throw new Error("The server has no socket");
      await server.http.put("/a", "1");
      await body({ ...server, url: server.url }, directory);
    }),
  );
}

describe("backup, verify, restore", () => {
  test("lead from a server to another store with the same entries", async () => {
    await withServer(async ({ url }, directory) => {
      const [file, store] = [join(directory, "a.db"), join(directory, "new")];
      const backup = await keyhold(["backup", file, "--url", url]);
      expect([backup.code, backup.out]).toEqual([
        0,
        expect.stringMatching(/a\.db: revision 1, .* sha256 [0-9a-f]{64}\n$/),
      ]);
      const verify = await keyhold(["verify", file]);
      expect([verify.code, verify.out]).toEqual([0, expect.stringContaining("a.db: sound\n  backup of format")]);
      const restore = await keyhold(["restore", file, "--store", `sqlite:${store}`]);
      expect([restore.code, restore.out]).toEqual([0, expect.stringContaining("1 entries of revision 1; a new life")]);
      const again = await keyhold(["verify", store, "--json"]);
      expect(JSON.parse(again.out)).toMatchObject({ kind: "store", entries: 1, problems: [] });
    });
  });

  test("restore says how many tokens count, where what was revoked since cannot be known", async () => {
    await withTemporaryDirectory(async (directory) => {
      const [store, file, other] = ["store", "a.db", "other"].map((name) => join(directory, name));
      await keyhold(["token", "create", "--name", "ci", "--store", `${store}`]);
      await keyhold(["backup", `${file}`, "--store", `${store}`]);
      const elsewhere = await keyhold(["restore", `${file}`, "--store", `${other}`]);
      expect([elsewhere.code, elsewhere.error]).toEqual([
        0,
        expect.stringContaining("1 access tokens of the backup count"),
      ]);
      const back = await keyhold(["restore", `${file}`, "--store", `${store}`, "--replace"]);
      expect([back.code, back.error]).toEqual([0, expect.not.stringContaining("access tokens")]);
    });
  });

  test("backup keeps a file that is there, unless told", async () => {
    await withServer(async ({ url }, directory) => {
      const file = join(directory, "a.db");
      writeFileSync(file, "mine");
      const refused = await keyhold(["backup", file, "--url", url]);
      expect([refused.code, refused.error]).toEqual([1, expect.stringContaining("give --force to replace it")]);
      expect(readFileSync(file, "utf8")).toBe("mine");
      expect((await keyhold(["backup", file, "--url", url, "--force"])).code).toBe(0);
      expect((await keyhold(["verify", file])).code).toBe(0);
    });
  });

  test("two at a time to one name each have a draft of their own, and leave what the last one made", async () => {
    await withTemporaryDirectory(async (directory) => {
      const file = join(directory, "a.db");
      const second = Promise.withResolvers<void>();
      const asked: string[] = [];
      const answer = (text: string, wait: Promise<void>) =>
        new Response(
          new ReadableStream({
            async start(controller) {
              controller.enqueue(Buffer.from(text.slice(0, 3)));
              await wait;
              controller.enqueue(Buffer.from(text.slice(3)));
              controller.close();
            },
          }),
          {
            headers: {
              "Backup-Length": `${text.length}`,
              "Repr-Digest": `sha-256=:${new Bun.CryptoHasher("sha256").update(text).digest("base64")}:`,
            },
          },
        );
      const server = Bun.serve({
        port: 0,
        fetch({ url }) {
          asked.push(url);
          return asked.length === 1 ? answer("first one", second.promise) : answer("second", Promise.resolve());
        },
      });
      try {
        const args = ["backup", file, "--force", "--url", server.url.origin];
        const first = keyhold(args);
        while (asked.length === 0 || readdirSync(directory).length === 0) await new Promise(setImmediate);
        expect((await keyhold(args)).code).toBe(0);
        expect(readFileSync(file, "utf8")).toBe("second");
        second.resolve();
        expect((await first).code).toBe(0);
        expect(readFileSync(file, "utf8")).toBe("first one");
        expect(readdirSync(directory)).toEqual(["a.db"]);
      } finally {
        await server.stop(true);
      }
    });
  });

  test("a file that was damaged is found by verify and refused by restore, with 65", async () => {
    await withServer(async ({ url }, directory) => {
      const [file, store] = [join(directory, "a.db"), join(directory, "new")];
      await keyhold(["backup", file, "--url", url]);
      writeFileSync(file, readFileSync(file).subarray(0, 9000));
      const verify = await keyhold(["verify", file]);
      expect([verify.code, verify.out]).toEqual([65, expect.stringContaining("damage: ")]);
      const restore = await keyhold(["restore", file, "--store", store]);
      expect([restore.code, restore.error]).toEqual([65, expect.stringContaining("nothing was changed")]);
      expect(existsSync(store)).toBe(false);
    });
  });

  test("a store in memory answers that it has no backups, and leaves no file", async () => {
    await withTemporaryDirectory((directory) =>
      withMemoryServer(async ({ url }) => {
        const file = join(directory, "a.db");
        const { code, error } = await keyhold(["backup", file, "--url", url ?? ""]);
        expect([code, error]).toEqual([
          1,
          expect.stringContaining("answered 501: Cannot back up a store of the engine memory"),
        ]);
        expect(readdirSync(directory)).toEqual([]);
      }),
    );
  });

  test.each([
    [["backup", "x", "--url", "nowhere"], "Cannot use --url"],
    [["backup", "x", "--store", "memory:"], "Cannot use --store"],
    [["restore", "x"], "required option '--store <STORE>'"],
    [["verify"], "missing required argument 'PLACE'"],
  ])("%j is a mistake, and exits 2", async (args, sentence) => {
    const { code, error } = await keyhold(args);
    expect([code, error]).toEqual([2, expect.stringContaining(sentence)]);
  });

  test("nobody at the URL is said so", async () => {
    const { code, error } = await keyhold([
      "backup",
      join(import.meta.dir, "no-such-file"),
      "--url",
      "http://127.0.0.1:1",
    ]);
    expect([code, error]).toEqual([EXIT.unreachable, expect.stringContaining("Cannot reach http://127.0.0.1:1")]);
  });
});
