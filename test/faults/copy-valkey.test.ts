// A store moved to Valkey and back, over TLS, with a user and a password from a file; and moved on after the server has died
// in the middle. ENTRIES=100000 makes the store larger; SEED= repeats its choices.
import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/cli/run.ts";
import { makeBatch } from "../../src/core/batch.ts";
import { ALWAYS } from "../../src/core/condition.ts";
import { NEVER } from "../../src/core/expiry.ts";
import { contentOfBytes } from "../../src/wire/entry-json.ts";
import { makeFakeHost } from "../support/fake-host.ts";
import { fillStore, heldIn, withStoreIn } from "../support/filled-store.ts";
import { keyOf } from "../support/requests.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { tokenOf } from "../support/token-records.ts";
import { startCluster } from "../support/valkey-cluster.ts";
import { startStandalone } from "../support/valkey-standalone.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ENTRIES = Number(process.env["ENTRIES"] ?? 3000);
const PATIENCE_MS = 60_000 + ENTRIES * 2;

async function keyhold(args: readonly string[]) {
  const host = { ...makeFakeHost(), nowMs: Date.now };
  const code = await run(args, host, {});
  return { code, out: host.out(), error: host.error() };
}

function fill(directory: string, entries: number): Promise<void> {
  return withStoreIn(directory, (store) => fillStore(store, makeSeededRandom(SEED), entries));
}

const held = (directory: string) => withStoreIn(directory, heldIn);

describe("a copy to Valkey and back", () => {
  test(
    `keeps entries and access tokens, and shows no password (SEED=${SEED})`,
    async () => {
      await withTemporaryDirectory(async (directory) => {
        const server = await startStandalone({
          appendFsync: "always",
          user: "keyhold",
          password: "hunter2",
          tls: true,
        });
        try {
          const [from, to] = [join(directory, "from"), join(directory, "to")];
          const [password, ca] = [join(directory, "password"), join(directory, "ca.pem")];
          writeFileSync(password, "hunter2\n");
          writeFileSync(ca, server.ca ?? "");
          await fill(from, ENTRIES);
          const record = tokenOf("one", { hash: "a".repeat(64) });
          await withStoreIn(from, (store) => store.putToken(record, null));
          const valkey = `valkeys://localhost:${server.node.address.port}/2`;
          const access = ["--store-user", "keyhold", "--store-password-file", password, "--store-ca", ca];
          const there = await keyhold(["copy", from, valkey, ...access]);
          const back = await keyhold(["copy", valkey, to, ...access]);
          for (const { code, out, error } of [there, back]) {
            expect([code, error]).toEqual([0, expect.any(String)]);
            expect(out).toContain(`both hold ${ENTRIES} entries`);
            expect(out).toContain("1 access tokens");
            expect(`${out}${error}`).not.toContain("hunter2");
          }
          expect(await held(to)).toEqual(await held(from));
          expect(await withStoreIn(to, (store) => store.tokens())).toEqual([record]);
          const wrong = await keyhold([
            "copy",
            from,
            `valkeys://keyhold:hunter2x@localhost:${server.node.address.port}`,
            "--store-ca",
            ca,
          ]);
          expect([wrong.code, wrong.error]).toEqual([1, expect.not.stringContaining("hunter2")]);
        } finally {
          await server.stop();
        }
      });
    },
    PATIENCE_MS,
  );

  test(
    "goes on after the server has died in the middle and come back",
    async () => {
      await withTemporaryDirectory(async (directory) => {
        const server = await startStandalone({ appendFsync: "always" });
        try {
          const [from, to, place] = [join(directory, "from"), join(directory, "to"), join(directory, "copy.place")];
          const entries = Math.max(ENTRIES, 10_000);
          await fill(from, entries);
          const valkey = `valkey://127.0.0.1:${server.node.address.port}`;
          const broken = keyhold(["copy", from, valkey, "--resume", place]);
          while (!existsSync(place)) await new Promise(setImmediate);
          await server.node.kill();
          const { code, error } = await broken;
          expect([code, error]).toEqual([1, expect.stringContaining(`goes on from the place in ${place}`)]);
          await server.node.restart();
          expect(await keyhold(["copy", from, valkey, "--resume", place])).toMatchObject({ code: 0 });
          expect(await keyhold(["copy", valkey, to])).toMatchObject({ code: 0 });
          expect(await held(to)).toEqual(await held(from));
        } finally {
          await server.stop();
        }
      });
    },
    PATIENCE_MS,
  );

  test(
    `keeps the same on a Cluster, in 64 partitions, and is the same by its checksum (SEED=${SEED})`,
    async () => {
      await withTemporaryDirectory(async (directory) => {
        const cluster = await startCluster({ appendFsync: "everysec" });
        try {
          const [from, to] = [join(directory, "from"), join(directory, "to")];
          await fill(from, ENTRIES);
          const seeds = cluster.nodes.map(({ address }) => `${address.host}:${address.port}`).join(",");
          const there = await keyhold(["copy", from, `valkey+cluster://${seeds}`]);
          expect([there.code, there.error]).toEqual([0, expect.any(String)]);
          const back = await keyhold(["copy", `redis+cluster://${seeds}`, to]);
          expect([back.code, back.error]).toEqual([0, expect.any(String)]);
          expect(await held(to)).toEqual(await held(from));
          console.log(`copy over a Cluster: SEED=${SEED}\n${there.out}${back.out}`);
        } finally {
          await cluster.stop();
        }
      });
    },
    PATIENCE_MS,
  );

  test("ends at a value that Valkey does not take, and names it", async () => {
    await withTemporaryDirectory(async (directory) => {
      const server = await startStandalone({ appendFsync: "always" });
      try {
        const from = join(directory, "from");
        const content = contentOfBytes(new Uint8Array(16 * 1024 * 1024 + 1), "application/octet-stream");
        await withStoreIn(from, (store) =>
          store.commit(
            makeBatch([{ op: "put", key: keyOf("large"), when: ALWAYS, want: "info", expiry: NEVER, ...content }]),
          ),
        );
        const { code, error } = await keyhold(["copy", from, `valkey://127.0.0.1:${server.node.address.port}`]);
        expect([code, error]).toEqual([1, expect.stringContaining('Cannot copy "large": it has 16777217 bytes')]);
      } finally {
        await server.stop();
      }
    });
  });
});
