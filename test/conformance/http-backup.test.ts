// `GET /-/backup` over a socket.
import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { check } from "../../src/engines/archive.ts";
import { withMemoryServer, withSqliteServer } from "../support/http-harness.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { contentsOf, UNWATCHED } from "./backup.suite.ts";

const WATCHED_MS = 5000;

describe("GET /-/backup", () => {
  test("answers a sound copy, and says its length, digest, revision and name", async () => {
    await withSqliteServer(async ({ http }) => {
      await http.put("/a", "1");
      const { status, headers, body } = await http.get("/-/backup");
      const sha256 = new Bun.CryptoHasher("sha256").update(body).digest();
      expect([status, headers]).toEqual([
        200,
        expect.objectContaining({
          "content-type": "application/vnd.sqlite3",
          "content-disposition": 'attachment; filename="keyhold-1.db"',
          "backup-length": String(body.length),
          "repr-digest": `sha-256=:${sha256.toString("base64")}:`,
          "cache-control": "no-store",
          revision: "1",
        }),
      ]);
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "copy.db");
        writeFileSync(file, body);
        expect((await check({ file }, UNWATCHED)).problems).toEqual([]);
        expect(contentsOf(file)).toEqual({ a: "1" });
      });
    });
  });

  test("to HEAD is the type alone: no copy is made", async () => {
    await withSqliteServer(async ({ http }) => {
      const { status, headers } = await http.head("/-/backup");
      expect([status, headers["content-type"]]).toEqual([200, "application/vnd.sqlite3"]);
      expect([headers["content-length"], headers["backup-length"]]).toEqual([undefined, undefined]);
    });
  });

  test("of a store in memory is 501 not-supported", async () => {
    await withMemoryServer(async ({ http }) => {
      const { status, text } = await http.get("/-/backup");
      expect([status, JSON.parse(text)["code"]]).toEqual([501, "not-supported"]);
    });
  });

  test("that nobody takes any further gives its room and its place back", async () => {
    await withTemporaryDirectory((directory) =>
      withSqliteServer(
        async ({ http, url }) => {
          // More than sockets hold on both sides.
          for (let part = 0; part < 24; part++) await http.put(`/keys/part${part}`, "x".repeat(1_000_000));
          const taken = Array.from({ length: 2 }, () => new AbortController());
          // Held on to: the runtime ends a download whose reader it collects.
          const readers = [];
          for (const { signal } of taken) {
            const reader = (await fetch(`${url}/-/backup`, { signal })).body?.getReader();
            await reader?.read();
            readers.push(reader);
          }
          expect((await http.get("/-/backup")).status).toBe(503);
          expect(readers.length).toBe(taken.length);
          for (const controller of taken) controller.abort();
          const givenUpAt = performance.now() + WATCHED_MS;
          let { status } = await http.get("/-/backup");
          while (status === 503 && performance.now() < givenUpAt) ({ status } = await http.get("/-/backup"));
          expect(status).toBe(200);
          expect(readdirSync(`${directory}/store`).filter((name) => name.startsWith("copy-"))).toEqual([]);
        },
        { store: `sqlite:${directory}/store` },
      ),
    );
  });

  test("is not made with parameters", async () => {
    await withSqliteServer(async ({ http }) => {
      expect((await http.get("/-/backup?prefix=a")).status).toBe(400);
    });
  });
});
