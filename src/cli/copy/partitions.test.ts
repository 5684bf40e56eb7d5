// Copies and imports into a store in partitions, opened by the command itself and behind a server, and out of it.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeFakeHost } from "../../../test/support/fake-host.ts";
import { fillStore, heldIn, withStoreIn } from "../../../test/support/filled-store.ts";
import { configOf, makeApp } from "../../../test/support/http-harness.ts";
import { PartitionedMemoryStore } from "../../../test/support/partitioned-memory-store.ts";
import { makeRecordingLog } from "../../../test/support/recording-log.ts";
import { makeSeededRandom } from "../../../test/support/seeded-random.ts";
import { ROOMY } from "../../../test/support/store-harness.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { startHttpServer } from "../../http/server.ts";
import { Entries } from "../../service/entries.ts";
import { run } from "../run.ts";
import { compare } from "./compare.ts";
import { copyEntries, NOTHING_COPIED } from "./copier.ts";
import { makeReadSide, makeWriteSide, toReading } from "./store-side.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ENTRIES = 300;

function makePartitioned() {
  return new PartitionedMemoryStore({
    ...ROOMY,
    now: () => toEpochMs(Date.now()),
    incarnation: "partitioned1",
    storeBytes: 0,
    partitions: 5,
    random: makeSeededRandom(SEED),
  });
}

async function withFilled(body: (directory: string, store: PartitionedMemoryStore) => Promise<void>) {
  await withTemporaryDirectory(async (directory) => {
    await withStoreIn(join(directory, "from"), (store) => fillStore(store, makeSeededRandom(SEED), ENTRIES));
    const partitioned = makePartitioned();
    await body(directory, partitioned).finally(() => partitioned.close());
  });
}

test(`a copy by the store itself holds the same, by its batches and by what it reads back (SEED=${SEED})`, async () => {
  await withFilled(async (directory, partitioned) => {
    await withStoreIn(join(directory, "from"), async (store) => {
      const source = makeReadSide("from", toReading({ store, close: async () => {} }), false);
      const open = { store: partitioned, entries: new Entries(partitioned), close: async () => {} };
      const target = makeWriteSide("to", open, null);
      const terms = {
        policy: "replace",
        after: null,
        counts: NOTHING_COPIED,
        onPlace: () => {},
        pause: () => {},
      } as const;
      expect((await copyEntries(source, target, terms)).imported).toBe(ENTRIES);
      const found = await compare(source, target, { passesOverExtra: false, onProgress: () => {}, pause: () => {} });
      expect(found.source).toEqual(found.target);
      expect(await heldIn(partitioned)).toEqual(await heldIn(store));
    });
  });
});

test.each(["copy", "import"])(
  `%s through a server over partitions, and a copy back, keep the same (SEED=${SEED})`,
  async (by) => {
    await withFilled(async (directory, partitioned) => {
      const from = join(directory, "from");
      const file = join(directory, "all.ndjson");
      const app = makeApp(partitioned, makeRecordingLog());
      const server = await startHttpServer(app, { ...configOf({ port: "0" }), tls: null });
      try {
        const lines =
          by === "copy"
            ? [["copy", from, server.url]]
            : [
                ["export", file, "--store", from],
                ["import", file, "--url", server.url, "--on-conflict", "fail"],
              ];
        for (const args of [...lines, ["copy", server.url, join(directory, "to")]]) {
          const host = { ...makeFakeHost(), nowMs: Date.now };
          expect([await run(args, host, {}), host.error()]).toEqual([0, expect.any(String)]);
        }
      } finally {
        await server.stop(0);
      }
      const held = (name: string) => withStoreIn(join(directory, name), heldIn);
      expect(await held("to")).toEqual(await held("from"));
    });
  },
);
