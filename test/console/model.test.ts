// What the console does when part of it fails, without a browser: its model against a server in memory, behind a gate that
// refuses what a test names.
import { describe, expect, test } from "bun:test";
import { FolderList } from "../../src/console/model/folder-list.ts";
import { KeyReader } from "../../src/console/model/key-reader.ts";
import { Notices } from "../../src/console/model/notices.ts";
import { FOLDERS_MAX } from "../../src/console/model/prefix-tree.ts";
import { Removals } from "../../src/console/model/removals.ts";
import { Requests } from "../../src/console/model/requests.ts";
import { Session } from "../../src/console/model/session.ts";
import { withMemoryServer } from "../support/http-harness.ts";

const REFUSAL = { status: 403, code: "forbidden", detail: "So the test wants it" };

interface Gate {
  readonly requests: Requests;
  /** Requests that begin so, as "DELETE /keys/a", are refused from now on; none by null. */
  refuse(beginning: string | null): void;
  put(key: string): Promise<void>;
  keys(): Promise<unknown>;
}

function withGate(body: (gate: Gate) => Promise<void>): Promise<void> {
  return withMemoryServer(async ({ url }) => {
    let refused: string | null = null;
    const gate = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const target = request.url.slice(gate.url.origin.length);
        if (refused !== null && `${request.method} ${target}`.startsWith(refused)) {
          return Response.json(REFUSAL, { status: REFUSAL.status });
        }
        return fetch(new Request(`${url}${target}`, request));
      },
    });
    const kept = { read: () => null, write: () => {} };
    const session = new Session({ origin: gate.url.origin, tab: kept, browser: kept });
    try {
      await body({
        requests: new Requests({ session, now: () => 0 }),
        refuse: (beginning) => {
          refused = beginning;
        },
        put: async (key) => void (await session.client.put(key, key)),
        keys: async () => await (await fetch(`${url}/keys?keys`)).json(),
      });
    } finally {
      await gate.stop(true);
    }
  });
}

describe("removals", () => {
  const KEYS = ["a", "b", "c", "d", "e", "f"];

  test("what was deleted beside what was refused is told, and can be put back", async () => {
    await withGate(async ({ requests, refuse, put, keys }) => {
      for (const key of KEYS) await put(key);
      const notices = new Notices();
      const removals = new Removals({ requests, notices, now: () => 0 });
      // It fails with its first request, while the five beside it have not deleted anything yet.
      refuse("GET /keys/a");
      const { deleted } = await removals.remove(KEYS);
      expect(deleted.map(({ key }) => key).toSorted()).toEqual(KEYS.slice(1));
      expect(notices.shown.value.map(({ text }) => text)).toContain("Deleted 5 keys");
      notices.undoLatest();
      await toldOf(notices, "Restored 5 keys");
      expect(await keys()).toEqual(KEYS);
    });
  });

  test("what cannot be put back for now is held, and put back when it is tried again", async () => {
    await withGate(async ({ requests, refuse, put, keys }) => {
      for (const key of KEYS.slice(0, 2)) await put(key);
      const notices = new Notices();
      await new Removals({ requests, notices, now: () => 0 }).remove(KEYS.slice(0, 2));
      refuse("PUT /keys/a");
      notices.undoLatest();
      await toldOf(notices, "1 key still deleted");
      expect(await keys()).toEqual(["b"]);
      refuse(null);
      notices.undoLatest();
      await toldOf(notices, "Restored 1 key", 2);
      expect(await keys()).toEqual(["a", "b"]);
    });
  });

  /** Looks whenever there is another notice. */
  function toldOf(notices: Notices, text: string, times = 1): Promise<void> {
    return new Promise((resolve) => {
      notices.shown.subscribe((shown) => {
        if (shown.filter((notice) => notice.text === text).length === times) resolve();
      });
    });
  }
});

describe("folders", () => {
  test("are no more than are shown, however many appear", async () => {
    await withGate(async ({ requests, put }) => {
      await put("a/1");
      const folders = new FolderList({ reader: new KeyReader(requests), now: () => 0, sleep: async () => {} });
      await folders.refresh();
      folders.note(Array.from({ length: FOLDERS_MAX + 1 }, (_, index) => `f${index}/1`));
      expect([folders.rows.value.length, folders.isCut.value]).toEqual([FOLDERS_MAX, true]);
    });
  });

  test("are counted, also where the tree is read anew between two counts", async () => {
    await withGate(async ({ requests, put }) => {
      await put("a/1");
      const resting = Promise.withResolvers<() => void>();
      const sleep = () => new Promise<void>((wake) => resting.resolve(wake));
      const folders = new FolderList({ reader: new KeyReader(requests), now: () => 0, sleep });
      const counted = new Promise<number>((resolve) => {
        folders.rows.subscribe(([row]) => {
          if (row?.prefix === "a/" && row.count === 2) resolve(row.count);
        });
      });
      await folders.refresh();
      folders.note(["a/1"]);
      const wake = await resting.promise;
      await put("a/2");
      await folders.refresh();
      wake();
      expect(await counted).toBe(2);
    });
  });
});
