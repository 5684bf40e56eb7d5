// Watchers under hard conditions, on a real server: killed and resumed again and again while much is written, too slow to
// follow, stopped reading for good, and a thousand of them at the end of the server. SEED= reruns the kills of one run.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { EventReader } from "../support/event-reader.ts";
import { makeSeededRandom, type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { expectWithin } from "../support/time-bar.ts";

const CHANGES = 100_000;
const KILLED_WATCHERS = 4;
const KILLS_EACH = 25;
const BATCH = 50;
const WRITERS = 8;
const KEYS = 2000;
const STOP_MS_MAX = 5000;
const OPEN_WATCHERS = 1000;
const PATIENCE_MS = 30_000;
const MiB = 1024 * 1024;
const TIMEOUT_MS = 90_000;

interface Listed {
  readonly key: string;
  readonly revision: number;
  readonly value: string;
}

test(
  `${KILLED_WATCHERS * KILLS_EACH} kills of watchers during ${CHANGES} changes lose and double nothing`,
  async () => {
    for (const seed of seedsToTry(Math.floor(Math.random() * 1e9), 1)) {
      console.log(`SEED=${seed}`);
      await withSeed(seed, (random) =>
        withServer(["--durability", "relaxed", "--sweep-interval", "50ms"], async (server) => {
          const watching = Array.from({ length: KILLED_WATCHERS }, (_, index) =>
            watchUnderKills(server, makeSeededRandom(seed + index + 1)),
          );
          await writeAll(server, random);
          const last = await markEnd(server);
          const listed: readonly Listed[] = await fetchJson(server, "/keys?meta");
          for (const watched of await Promise.all(watching)) {
            expect(watched.kills).toBe(KILLS_EACH);
            expect(watched.problems).toEqual([]);
            expect(watched.changes).toBeGreaterThanOrEqual(CHANGES);
            expect(watched.lastRevision).toBe(last);
            expect(watched.state.size).toBe(listed.length);
            for (const { key, revision, value } of listed) {
              expect({ key, ...watched.state.get(key) }).toEqual({ key, revision, value });
            }
          }
        }),
      );
    }
  },
  TIMEOUT_MS,
);

test(
  `SIGTERM with ${OPEN_WATCHERS} watchers open tells each of them bye, and exits with 0 in time`,
  async () => {
    await withServer([], async (server) => {
      const endings = await openRaw(server, OPEN_WATCHERS);
      await write(server, "PUT", "/keys?a=1");
      const startedAt = performance.now();
      server.kill("SIGTERM");
      expect(await server.exited).toBe(0);
      expectWithin("the stop", performance.now() - startedAt, STOP_MS_MAX);
      const texts = await Promise.all(endings);
      const isWhole = (text: string) =>
        text.includes('event: bye\ndata: {"reason":"stopping"}') && text.endsWith("0\r\n\r\n");
      expect(texts.filter((text) => !isWhole(text))).toEqual([]);
    });
  },
  TIMEOUT_MS,
);

test(
  "a watcher too slow for the backlog is told bye, and resumes from its last id with no gap",
  async () => {
    await withServer(
      ["--durability", "relaxed", "--watch-backlog", "1000", "--idle-timeout", "60s"],
      async (server) => {
        const stream = await makeSocketClient(server.url).open(get("/keys?watch&prefix=k"));
        const texts = stream.texts()[Symbol.asyncIterator]();
        await texts.next();
        // Not read on, while more is written than the sockets hold and the backlog reaches.
        for (let round = 0; round < 300; round++) await writeLarge(server, round, 8000);
        const rest = { ...stream, texts: () => ({ [Symbol.asyncIterator]: () => texts }) };
        const events = await new EventReader(rest, () => Bun.sleep(1)).rest();
        expect(events.at(-1)).toEqual({ event: "bye", id: null, data: { reason: "too-slow" } });
        const lastId = events.findLast(({ id }) => id !== null)?.id ?? "";
        const resumed = new EventReader(
          await makeSocketClient(server.url).open(get("/keys?watch&prefix=k", { "Last-Event-ID": lastId })),
          () => Bun.sleep(1),
        );
        const missed = await resumed.until("ready");
        const numbers = [...events, ...missed].flatMap(({ id, event }) =>
          id === null || event === "ready" ? [] : [place(id)],
        );
        expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => (numbers[0] ?? 0) + index));
        expect(numbers).toHaveLength(300 * BATCH);
      },
    );
  },
  TIMEOUT_MS,
);

test(
  "a watcher that stops reading is cut off, and takes little memory until then",
  async () => {
    await withServer(["--durability", "relaxed", "--watch-backlog", "1000", "--idle-timeout", "4s"], async (server) => {
      for (let round = 0; round < 20; round++) await writeLarge(server, round);
      const before = residentBytes(server);
      const stalled = await Promise.all(
        Array.from({ length: 20 }, () => makeSocketClient(server.url).open(get("/keys?watch&since=now"))),
      );
      expect(await watchersOf(server)).toBe(20);
      const givenUpAt = performance.now() + PATIENCE_MS;
      let peak = 0;
      for (let round = 0; (await watchersOf(server)) > 0; round++) {
        if (performance.now() > givenUpAt) throw new Error("The watchers that do not read are still there");
        await writeLarge(server, round);
        peak = Math.max(peak, residentBytes(server));
      }
      // Some 60 MiB for writing alone. A queue for each of them would take 800 MiB.
      expect(peak - before).toBeLessThan(300 * MiB);
      for (const { close } of stalled) close();
    });
  },
  TIMEOUT_MS,
);

test(
  "a watch and a wait in which nothing happens outlast the idle time-out",
  async () => {
    await withServer(["--idle-timeout", "1s", "--heartbeat", "1h"], async (server) => {
      const stream = await makeSocketClient(server.url).open(get("/keys?watch&prefix=a"));
      const reader = new EventReader(stream, () => Bun.sleep(1));
      await reader.take(1);
      // Longer than the steps of the runtime's timer.
      expect((await makeSocketClient(server.url).send(get("/missing?wait=9"))).status).toBe(404);
      await write(server, "PUT", "/keys?a=1");
      expect((await reader.take(1))[0]?.event).toBe("put");
      stream.close();
    });
  },
  TIMEOUT_MS,
);

interface Watched {
  kills: number;
  changes: number;
  lastRevision: number;
  /** What stands under each key, as the events tell. */
  readonly state: Map<string, { revision: number; value: string }>;
  readonly problems: string[];
}

/** Follows everything from the beginning of the log, destroying its own connection at random places. */
async function watchUnderKills(server: ServerProcess, random: SeededRandom): Promise<Watched> {
  const watched: Watched = { kills: 0, changes: 0, lastRevision: 0, state: new Map(), problems: [] };
  let id = `0.${(await fetchJson<{ store: { incarnation: string } }>(server, "/-/info")).store.incarnation}`;
  for (;;) {
    const stream = await makeSocketClient(server.url).open(get("/keys?watch&touches", { "Last-Event-ID": id }));
    const reader = new EventReader(stream, () => Bun.sleep(1));
    // All together fewer than there are changes.
    const killAfter = random.below(CHANGES / KILLS_EACH);
    for (let count = 0; count < killAfter || watched.kills >= KILLS_EACH; count++) {
      const event = await reader.mustNext();
      if (event.id !== null && event.event !== "ready" && event.event !== "bookmark") {
        if (place(event.id) !== place(id) + 1) watched.problems.push(`${event.event} ${event.id} follows ${id}`);
        apply(event.event, event.data, watched);
      }
      id = event.id ?? id;
      if (event.data["key"] !== "end") continue;
      stream.close();
      return watched;
    }
    stream.close();
    watched.kills++;
  }
}

function apply(event: string, data: Readonly<Record<string, unknown>>, watched: Watched): void {
  const key = String(data["key"]);
  const revision = Number(data["revision"]);
  watched.changes++;
  if (event !== "touch") watched.lastRevision = revision;
  if (event === "put") watched.state.set(key, { revision, value: String(data["value"]) });
  else if (event === "delete" || event === "expire") watched.state.delete(key);
  else if (event !== "touch") watched.problems.push(`Unexpected ${event}`);
}

/** Puts, deletes, short lives and touches, until there are as many changes as wanted. */
async function writeAll(server: ServerProcess, random: SeededRandom): Promise<void> {
  let written = 0;
  const writer = async () => {
    while (written < CHANGES) {
      const keys = [...new Set(Array.from({ length: BATCH }, () => `k${random.below(KEYS)}`))];
      written += keys.length;
      const value = random.below(1e9);
      const pairs = keys.map((key) => `${key}=${value}`).join("&");
      const names = keys.map((key) => `key=${key}`).join("&");
      const kind = random.below(10);
      if (kind === 0) await write(server, "PATCH", `/keys/${keys[0]}`, "expire_in=1000");
      else if (kind <= 2) await write(server, "DELETE", `/keys?${names}`);
      else await write(server, "PUT", `/keys?${pairs}${kind === 3 ? "&expire_in=0.05" : ""}`);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
}

/** Waits until every short life is over, then writes the last change; its revision. */
async function markEnd(server: ServerProcess): Promise<number> {
  const givenUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const info: { readonly store: { readonly entries: number } } = await fetchJson(server, "/-/info");
    const listed: readonly { readonly ttl: number | null }[] = await fetchJson(server, "/keys?meta");
    const isSettled = listed.every(({ ttl }) => ttl === null || ttl > 1) && info.store.entries === listed.length;
    if (isSettled) break;
    if (performance.now() > givenUpAt) throw new Error("Entries that have ended are still there");
    await Bun.sleep(10);
  }
  // Nothing that was counted may be missing: deletes of keys that were not there are no changes.
  for (let filler = 0; filler < CHANGES / 1000; filler++) {
    const pairs = Array.from({ length: 250 }, (_, index) => `f${index}=${filler}`).join("&");
    await write(server, "PUT", `/keys?${pairs}`);
  }
  const answer = await fetch(`${server.url}/end`, { method: "PUT", body: "end" });
  return Number(answer.headers.get("Revision"));
}

/** @param length - of each value; those of a few hundred rounds are to be more than the buffers of sockets hold, up to 32 MiB */
async function writeLarge(server: ServerProcess, round: number, length = 200): Promise<void> {
  const value = "v".repeat(length);
  const pairs = Array.from({ length: BATCH }, (_, index) => [`k${index}`, `${round}${value}`]);
  const body = JSON.stringify(Object.fromEntries(pairs));
  const headers = { "Content-Type": "application/merge-patch+json" };
  const { status } = await fetch(`${server.url}/keys`, { method: "PATCH", body, headers });
  if (status >= 300) throw new Error(`PATCH was answered ${status}`);
}

async function write(server: ServerProcess, method: string, target: string, form: string | null = null): Promise<void> {
  const headers: Record<string, string> = form === null ? {} : { "Content-Type": "application/x-www-form-urlencoded" };
  const { status } = await fetch(server.url + target, { method, body: form, headers });
  if (status >= 300 && status !== 404) throw new Error(`${method} was answered ${status}`);
}

/** Opens watchers, and gives what each of them has received when its connection has ended. */
async function openRaw(server: ServerProcess, count: number): Promise<readonly Promise<string>[]> {
  const { hostname, port } = new URL(server.url);
  const endings: Promise<string>[] = [];
  for (let index = 0; index < count; index++) {
    const ended = Promise.withResolvers<string>();
    const ready = Promise.withResolvers<void>();
    let text = "";
    await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open: (socket) => void socket.write("GET /keys?watch HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        data(_socket, chunk) {
          text += chunk.toString();
          if (text.includes("event: ready")) ready.resolve();
        },
        close: () => ended.resolve(text),
      },
    });
    await ready.promise;
    endings.push(ended.promise);
  }
  return endings;
}

async function withServer(args: readonly string[], body: (server: ServerProcess) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const server = await startServerProcess(["--store", `sqlite:${directory}/store`, ...args]);
    try {
      await body(server);
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
  });
}

async function fetchJson<T>(server: ServerProcess, target: string): Promise<T> {
  return JSON.parse(await (await fetch(server.url + target)).text());
}

async function watchersOf(server: ServerProcess): Promise<number> {
  return (await fetchJson<{ readonly watchers: number }>(server, "/-/info")).watchers;
}

function get(target: string, headers: Readonly<Record<string, string>> = {}) {
  return { method: "GET", target, headers, body: null };
}

/** The number of a change in the log of this store: docs/formats.md. */
function place(id: string): number {
  return Number(id.slice(0, id.indexOf(".")));
}

function residentBytes({ pid }: ServerProcess): number {
  return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * 4096;
}
