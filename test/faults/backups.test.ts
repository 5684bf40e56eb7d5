// Backups under full write load, under kill -9, and on a full disk. BACKUPS=100 runs it longer; SEED= repeats its choices.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { check, openSnapshot, restore } from "../../src/engines/archive.ts";
import type { BackupTerms } from "../../src/store/store.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import {
  makeTemporaryDirectory,
  removeTemporaryDirectory,
  withTemporaryDirectory,
} from "../support/temporary-directory.ts";
import { WriteOracle } from "../support/write-oracle.ts";

const BACKUPS = Number(process.env["BACKUPS"] ?? 6);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const WRITERS = 32;
const KEYS_A_WRITER = 8;
const STANDING = 20_000;
/** Copies that are begun until one is killed in the middle. */
const COPY_TRIES = 5;
const ROUND_MS_MAX = 20_000;
const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const UNWATCHED: BackupTerms = { onProgress: () => {}, signal: new AbortController().signal };

/** What was acknowledged: the value after a revision, null for none. */
interface Written {
  readonly revision: number;
  readonly key: string;
  readonly value: string | null;
}

async function send(url: string, request: RequestInit): Promise<string> {
  const response = await fetch(url, request);
  const text = await response.text();
  if (!response.ok) throw new Error(`${request.method} ${url} answered ${response.status}: ${text}`);
  return text;
}

/** Entries that make a copy long enough to have writes come between. */
async function fillStanding(url: string, value: string, entries = STANDING): Promise<void> {
  for (let first = 0; first < entries; first += 1000) {
    const pairs = Array.from({ length: Math.min(1000, entries - first) }, (_, index) => [`z${first + index}`, value]);
    const body = JSON.stringify(Object.fromEntries(pairs));
    const headers = { "Content-Type": "application/merge-patch+json" };
    await send(`${url}/keys`, { method: "PATCH", body, headers });
  }
}

/** One transaction, whose answer has its revision. */
async function writeOnce(url: string, random: SeededRandom, writer: number): Promise<Written> {
  const key = `w${writer}k${random.below(KEYS_A_WRITER)}`;
  const value = random.oneIn(6) ? null : `${random.below(2 ** 31)}`;
  const op = value === null ? { delete: { key } } : { put: { key, value } };
  const check = value === null ? { ops: [{ put: { key: `${key}d`, value: "" } }, op] } : { ops: [op] };
  const headers = { "Content-Type": "application/json" };
  const text = await send(`${url}/-/txn`, { method: "POST", body: JSON.stringify(check), headers });
  return { key, value, revision: JSON.parse(text).revision };
}

function valuesIn(file: string): ReadonlyMap<string, string> {
  const snapshot = openSnapshot({ file });
  try {
    const entries = [...snapshot.entries(null)].filter(({ key }) => /^w\d+k\d+$/.test(key));
    return new Map(entries.map(({ key, value }) => [key, new TextDecoder().decode(value)]));
  } finally {
    snapshot.close();
  }
}

function stateAt(log: readonly Written[], revision: number): ReadonlyMap<string, string> {
  const state = new Map<string, string>();
  for (const written of log) {
    if (written.revision > revision) continue;
    if (written.value === null) state.delete(written.key);
    else state.set(written.key, written.value);
  }
  return state;
}

async function stopAll(server: ServerProcess): Promise<void> {
  server.kill("SIGKILL");
  await server.exited;
}

test(
  `${BACKUPS} backups under load each hold the state of their revision, and no write fails`,
  async () => {
    await withTemporaryDirectory(async (directory) => {
      const server = await startServerProcess(["--store", `${directory}/store`]);
      try {
        await fillStanding(server.url, "standing");
        const log: Written[] = [];
        let isOver = false;
        const random = makeSeededRandom(SEED);
        const writers = Array.from({ length: WRITERS }, async (_, id) => {
          while (!isOver) log.push(await writeOnce(server.url, random, id));
        });
        const copies: { readonly revision: number; readonly held: ReadonlyMap<string, string> }[] = [];
        const file = join(directory, "copy.db");
        for (let made = 0; made < BACKUPS; made++) {
          const response = await fetch(`${server.url}/-/backup`);
          const revision = Number(response.headers.get("Revision"));
          writeFileSync(file, await response.bytes());
          expect((await check({ file }, UNWATCHED)).problems).toEqual([]);
          copies.push({ revision, held: valuesIn(file) });
        }
        isOver = true;
        await Promise.all(writers);
        log.sort((a, b) => a.revision - b.revision);
        console.log(`backups: SEED=${SEED}, ${BACKUPS} copies, ${log.length} acknowledged writes`);
        for (const { revision, held } of copies) expect(held).toEqual(stateAt(log, revision));
        expect(new Set(copies.map(({ revision }) => revision)).size).toBe(BACKUPS);
      } finally {
        await stopAll(server);
      }
    });
  },
  BACKUPS * ROUND_MS_MAX,
);

function copiesIn(store: string): readonly string[] {
  return readdirSync(store).filter((name) => name.startsWith("copy-"));
}

/** As soon as a copy is seen, or has been made. */
async function killWhileCopying(server: ServerProcess, store: string): Promise<void> {
  let isOver = false;
  const copying = fetch(`${server.url}/-/backup`)
    .then((response) => response.bytes())
    .catch(() => null)
    .finally(() => {
      isOver = true;
    });
  while (copiesIn(store).length === 0 && !isOver) await new Promise(setImmediate);
  await stopAll(server);
  await copying;
}

test("a backup taken before a kill -9 is restored to what was acknowledged by then", async () => {
  await withTemporaryDirectory(async (directory) => {
    const [store, file, target] = [`${directory}/store`, `${directory}/copy.db`, `${directory}/restored`];
    const server = await startServerProcess(["--store", store]);
    const oracle = new WriteOracle();
    const random = makeSeededRandom(SEED);
    await fillStanding(server.url, "standing");
    const write = (key: string, value: string) =>
      oracle.write(new Map([[key, value]]), async () => {
        await send(`${server.url}/${key}`, { method: "PUT", body: value });
        return true;
      });
    const writers = Array.from({ length: WRITERS }, async (_, id) => {
      for (let count = 0; count < 20; count++) await write(`w${id}k${random.below(8)}`, `${random.below(2 ** 31)}`);
    });
    await Promise.all(writers);
    writeFileSync(file, await (await fetch(`${server.url}/-/backup`)).bytes());
    // The future that is lost, with a copy in the making.
    await send(`${server.url}/later`, { method: "PUT", body: "1" });
    await killWhileCopying(server, store);
    // A copy that was done before the kill has left nothing: it is made again.
    for (let tries = 1; copiesIn(store).length === 0 && tries < COPY_TRIES; tries++) {
      await killWhileCopying(await startServerProcess(["--store", store]), store);
    }
    expect(copiesIn(store)).not.toEqual([]);
    const again = await startServerProcess(["--store", store]);
    expect(copiesIn(store)).toEqual([]);
    await stopAll(again);

    expect(await keyhold(["restore", file, "--store", target])).toBe(0);
    const restored = await startServerProcess(["--store", target]);
    try {
      const pairs: readonly Record<string, string>[] = JSON.parse(
        await send(`${restored.url}/keys?prefix=w`, { method: "GET" }),
      );
      expect(oracle.check(new Map(pairs.flatMap((pair) => Object.entries(pair))))).toEqual([]);
      expect((await fetch(`${restored.url}/later`)).status).toBe(404);
      const count = (await fetch(`${restored.url}/keys?count&prefix=z`, { method: "HEAD" })).headers.get("Total-Count");
      expect(count).toBe(String(STANDING));
    } finally {
      await stopAll(restored);
    }
  });
}, 60_000);

test("an import that is killed and resumed ends with every entry", async () => {
  await withTemporaryDirectory(async (directory) => {
    const file = `${directory}/a.ndjson`;
    const source = await startServerProcess(["--store", `${directory}/store`]);
    await fillStanding(source.url, "standing");
    writeFileSync(file, await (await fetch(`${source.url}/-/export`)).bytes());
    await stopAll(source);
    const target = await startServerProcess(["--store", `${directory}/target`]);
    try {
      const random = makeSeededRandom(SEED);
      const args = ["import", file, "--url", target.url, "--on-conflict", "fail"];
      let code = await keyhold(args, 300 + random.below(300));
      for (let tries = 0; code !== 0 && tries < 20; tries++) {
        const resumed = readdirSync(directory).includes("a.ndjson.progress") ? ["--resume"] : [];
        code = await keyhold([...args, ...resumed], tries < 3 ? 300 + random.below(300) : undefined);
      }
      expect(code).toBe(0);
      const count = (await fetch(`${target.url}/keys?count`, { method: "HEAD" })).headers.get("Total-Count");
      expect(count).toBe(String(STANDING));
    } finally {
      await stopAll(target);
    }
  });
}, 60_000);

const disk = makeTemporaryDirectory();
const isMounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=56m", "tmpfs", disk]).exitCode === 0;
if (!isMounted) {
  removeTemporaryDirectory(disk);
  console.log("Skipped: the tests of backups on a full disk mount a tmpfs, which needs root; run them as root");
}

describe.skipIf(!isMounted)("on a disk without room for a copy", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerProcess(["--store", `${disk}/store`, "--disk-reserve", "8MiB"]);
    await fillStanding(server.url, "x".repeat(1000), 20_000);
  });
  afterAll(async () => {
    await stopAll(server);
    Bun.spawnSync(["umount", disk]);
    removeTemporaryDirectory(disk);
  });

  test("a backup is 507 no-room, leaves nothing, and the store goes on", async () => {
    const response = await fetch(`${server.url}/-/backup`);
    expect([response.status, JSON.parse(await response.text()).code]).toEqual([507, "no-room"]);
    expect(readdirSync(`${disk}/store`).filter((name) => name.startsWith("copy-"))).toEqual([]);
    await send(`${server.url}/after`, { method: "PUT", body: "1" });
  });

  test("a file that a backup is taken into is not left half", async () => {
    await withTemporaryDirectory(async (elsewhere) => {
      expect(await keyhold(["backup", `${elsewhere}/whole.db`, "--store", `${disk}/store`])).toBe(0);
      expect(await keyhold(["restore", `${elsewhere}/whole.db`, "--store", `${disk}/restored`])).toBe(1);
      expect(await keyhold(["backup", `${disk}/copy.db`, "--store", `${disk}/store`])).toBe(1);
      expect(readdirSync(disk)).toEqual(["store"]);
    });
  });

  test("a restore is no-room, and leaves nothing", async () => {
    await withTemporaryDirectory(async (elsewhere) => {
      const file = `${elsewhere}/whole.db`;
      expect(await keyhold(["backup", file, "--store", `${disk}/store`])).toBe(0);
      const ended = await rejectionCode(async () => restore(file, `${disk}/restored`, false));
      expect<unknown>(ended).toBe("no-room");
      expect(readdirSync(disk)).toEqual(["store"]);
    });
  });
});

/** Runs a command. @param killAfterMs - ends it by SIGKILL then; the exit code is null */
async function keyhold(args: readonly string[], killAfterMs?: number): Promise<number | null> {
  const child = Bun.spawn([process.execPath, MAIN, ...args], { stdout: "ignore", stderr: "ignore" });
  const killing = killAfterMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  await child.exited;
  clearTimeout(killing);
  return child.exitCode;
}
