// A cluster whose slots are moved from primary to primary while it is used: a listing has every key that stays, once, in the order
// of UTF-8, whatever comes and goes meanwhile; a deletion counts exactly; and no write or read of a single key is seen to fail.
// KEYS=100000 makes it large, SEED= draws the same keys and moves.
import { expect, test } from "bun:test";
import { KeptConnection } from "../support/kept-connection.ts";
import { clusterStore, DEADLINE_MS, httpOf, withKeyholds } from "../support/keyhold-fleet.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { moveSlot, usedSlots } from "../support/slot-migration.ts";
import { expectWithin } from "../support/time-bar.ts";
import { type Cluster, startCluster } from "../support/valkey-cluster.ts";
import { WatchCollector } from "../support/watch-collector.ts";

const KEYS = Number(process.env["KEYS"] ?? 5000);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const PARTITIONS = 64;
const SLOTS = 16_384;
const PRIMARIES = 3;
/** Where the engine's tags lie: evenly, in the middle of their shares (docs/formats.md). */
const PARTITION_SLOTS = Array.from({ length: PARTITIONS }, (_, index) => ((index + 0.5) * SLOTS) / PARTITIONS);
const CONNECTIONS = 16;
/** Clients whose keys come and go, in between the others. */
const CHURNERS = 6;
const CHURNED_KEYS = 40;
const PAGE = 100;
const TIMED_PAGES = 50;
const PATIENCE_MS = 20_000;
const TEST_MS = 60_000 + KEYS * 6;

/** Of each length in UTF-8, and some whose order in UTF-16 is another: surrogates are below U+E000. */
const ALPHABET = ["0", "Z", "a", "~", "é", "ÿ", "ж", "中", "\uE000", "\uFF21", "\uFFFD", "😀", "𝒳", "\u{10FFFF}"];

test(
  `${KEYS} keys are listed in order, each once, and deleted by exact count, while slots are moved`,
  async () => {
    console.log(`migration: SEED=${SEED}`);
    const random = makeSeededRandom(SEED);
    const cluster = await startCluster({ primaries: PRIMARIES, appendFsync: "everysec" });
    const args = [...clusterStore(cluster), "--partitions", String(PARTITIONS), "--promise", "replicated:1"];
    try {
      await withKeyholds([args], async ([server]) => {
        if (server === undefined) throw new Error("No server was started");
        const staying = drawKeys("k/", "s", KEYS, random);
        const going = drawKeys("gone/", "", Math.floor(KEYS / 5), random);
        await putAll(server, [...staying, ...going]);
        await reportPages(server);
        const watcher = await WatchCollector.start(server.url, "k/");
        const mover = new Mover(cluster, random);
        const churn = new Churn(server, random);
        try {
          await listWhileMoved(server, mover, staying);
          const answer = await httpOf(server).delete("/keys?prefix=gone/");
          expect(answer.text).toBe(`{"deleted": ${going.length}}`);
        } finally {
          await churn.stop();
          await mover.stop();
        }
        console.log(
          `migration: ${mover.slots} slots with ${mover.keys} keys moved; ${churn.answers} requests beside it, slowest ${churn.slowestMs.toFixed(0)} ms`,
        );
        await watcher.untilSeen([...churn.put], PATIENCE_MS);
        // The last put of a key that was seen before may still be on its way.
        await watcher.untilPuts(churn.puts, PATIENCE_MS);
        await watcher.stop();
        expect(watcher.puts).toBe(churn.puts);
        expect(mover.keys).toBeGreaterThan(KEYS / 4);
        expect(churn.problems).toEqual([]);
        expectWithin("the slowest answer", churn.slowestMs, DEADLINE_MS);
        expect(await listNames(server, "?keys&prefix=gone/")).toEqual([]);
        expect(await listNames(server, "?keys&prefix=k/")).toEqual(inOrder([...staying, ...churn.left()]));
        const { headers } = await httpOf(server).head("/keys?count");
        expect(Number(headers["total-count"])).toBe(staying.length + churn.left().length);
      });
    } finally {
      await cluster.stop();
    }
  },
  TEST_MS,
);

/** Whole listings, and page by page, until every slot has been moved once. */
async function listWhileMoved(server: ServerProcess, mover: Mover, staying: readonly string[]): Promise<void> {
  const wanted = new Set(staying);
  let listings = 0;
  do {
    const names =
      listings++ % 2 === 0 ? await listNames(server, "?keys&prefix=k/") : await listPages(server, "?keys&prefix=k/");
    expect(firstDisorder(names)).toBeNull();
    expect(names.filter((name) => wanted.has(name)).length).toBe(wanted.size);
    mover.requireWell();
  } while (mover.slots < PARTITIONS);
  console.log(`migration: ${listings} listings of ${staying.length} keys and others meanwhile`);
}

/** Moves slots, one after the other, each to another primary. */
class Mover {
  slots = 0;
  keys = 0;
  readonly #cluster: Cluster;
  readonly #random: SeededRandom;
  readonly #run: Promise<void>;
  #isStopping = false;
  #failure: unknown = null;

  constructor(cluster: Cluster, random: SeededRandom) {
    this.#cluster = cluster;
    this.#random = random;
    this.#run = this.#move();
  }

  /** @throws what it has failed with */
  requireWell(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#run;
    this.requireWell();
  }

  async #move(): Promise<void> {
    const { nodes } = this.#cluster;
    const primaries = nodes.slice(0, PRIMARIES);
    try {
      const used = await usedSlots(this.#cluster, PARTITION_SLOTS);
      expect(used).toHaveLength(PARTITIONS);
      for (let turn = 0; !this.#isStopping; turn++) {
        const slot = used[turn % used.length] ?? 0;
        const owner = await this.#cluster.primaryOf(slot);
        const target = this.#random.pick(primaries.filter((node) => node !== owner));
        this.keys += await moveSlot(this.#cluster, slot, target);
        this.slots++;
      }
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** Single keys that are put, read and deleted; each client knows what it must be answered. */
class Churn {
  readonly problems: string[] = [];
  answers = 0;
  slowestMs = 0;
  /** How often, and which keys, were put. */
  puts = 0;
  readonly put = new Set<string>();
  readonly #server: ServerProcess;
  readonly #runs: readonly Promise<void>[];
  readonly #left = new Set<string>();
  #isStopping = false;

  constructor(server: ServerProcess, random: SeededRandom) {
    this.#server = server;
    this.#runs = Array.from({ length: CHURNERS }, (_, id) => {
      const keys = drawKeys("k/", `c${id}-`, CHURNED_KEYS, random);
      return this.#run(keys, makeSeededRandom(SEED + id));
    });
  }

  /** Keys that stand. */
  left(): readonly string[] {
    return [...this.#left];
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#runs);
  }

  async #run(keys: readonly string[], random: SeededRandom): Promise<void> {
    const connection = await KeptConnection.open(this.#server.url);
    while (!this.#isStopping) {
      const key = random.pick(keys);
      const isThere = this.#left.has(key);
      const method = random.pick(["PUT", "GET", "DELETE"] as const);
      const wanted = method === "PUT" ? (isThere ? 200 : 201) : isThere ? 200 : 404;
      const line = `${method} /keys/${encodeURIComponent(key)}`;
      const begunAt = performance.now();
      const { status, body } = await connection.send(connection.render(line, {}, method === "PUT" ? "v" : ""));
      this.slowestMs = Math.max(this.slowestMs, performance.now() - begunAt);
      this.answers++;
      if (status !== wanted) this.problems.push(`${line} was answered ${status}, and not ${wanted}: ${body}`);
      if (method === "PUT") {
        this.puts++;
        this.put.add(key);
        this.#left.add(key);
      }
      if (method === "DELETE") this.#left.delete(key);
      await Bun.sleep(1);
    }
    connection.close();
  }
}

/** Different keys; `mark` tells them from others' in the same places. */
function drawKeys(prefix: string, mark: string, count: number, random: SeededRandom): readonly string[] {
  return Array.from({ length: count }, (_, number) => {
    const letters = Array.from({ length: 1 + random.below(4) }, () => random.pick(ALPHABET));
    return `${prefix}${letters.join("")}${mark}${number}`;
  });
}

async function putAll(server: ServerProcess, keys: readonly string[]): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const connection = await KeptConnection.open(server.url);
      for (let key = keys[next++]; key !== undefined; key = keys[next++]) {
        const { status, body } = await connection.send(
          connection.render(`PUT /keys/${encodeURIComponent(key)}`, {}, "v"),
        );
        if (status !== 201) throw new Error(`${key} was answered ${status}: ${body}`);
      }
      connection.close();
    }),
  );
}

async function listNames(server: ServerProcess, query: string): Promise<readonly string[]> {
  const names: readonly string[] = JSON.parse(await httpOf(server).text(`/keys${query}`));
  return names;
}

async function listPages(server: ServerProcess, query: string): Promise<readonly string[]> {
  const http = httpOf(server);
  const names: string[] = [];
  for (let target: string | null = `/keys${query}&limit=${PAGE}`; target !== null; ) {
    const { status, text, headers } = await http.get(target);
    if (status !== 200) throw new Error(`${target} was answered ${status}: ${text}`);
    const page: readonly string[] = JSON.parse(text);
    names.push(...page);
    target = /<([^>]+)>; *rel="next"/.exec(headers["link"] ?? "")?.[1] ?? null;
  }
  return names;
}

/** How long pages take while nothing else happens; for the eye. */
async function reportPages(server: ServerProcess): Promise<void> {
  const http = httpOf(server);
  const times: number[] = [];
  for (let page = 0; page < TIMED_PAGES; page++) {
    const begunAt = performance.now();
    await http.text(`/keys?keys&limit=${PAGE}&prefix=k/`);
    times.push(performance.now() - begunAt);
  }
  times.sort((a, b) => a - b);
  console.log(`migration: a page of ${PAGE} names takes ${times[times.length >> 1]?.toFixed(1)} ms at the median`);
}

function inOrder(names: readonly string[]): readonly string[] {
  return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The first two that do not follow each other by their bytes, or are the same. */
function firstDisorder(names: readonly string[]): string | null {
  for (const [index, name] of names.entries()) {
    const before = names[index - 1];
    if (before !== undefined && Buffer.compare(Buffer.from(before), Buffer.from(name)) >= 0)
      return `${before}, ${name}`;
  }
  return null;
}
