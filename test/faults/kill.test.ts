// kill -9 under 64 writing connections: what was acknowledged is there after every restart, what was not is there whole or
// not at all, and nothing is there that nobody sent. ROUNDS=1000 runs it longer; SEED= repeats the moments of the kills.
import { expect, test } from "bun:test";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { WriteOracle } from "../support/write-oracle.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 20);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const WRITERS = 64;
const KEYS_A_WRITER = 8;
const ROUND_MS_MAX = 10_000;
/** Every so many rounds values are so long that the log is brought in while they are written. */
const BULK_ROUNDS = 5;
const BULK_TEXT = "x".repeat(20_000);

test(
  `${ROUNDS} kills lose no acknowledged write`,
  async () => {
    await withTemporaryDirectory(async (directory) => {
      const random = makeSeededRandom(SEED);
      const oracle = new WriteOracle();
      const readyMs: number[] = [];
      let differences: readonly string[] = [];
      let round = 0;
      for (; round < ROUNDS && differences.length === 0; round++) {
        // Every second of them with two serving threads.
        const workers = ["--workers", String(1 + (round % 2))];
        const written = await startServerProcess(["--store", directory, "--wide", ...workers]);
        const tail = round % BULK_ROUNDS === BULK_ROUNDS - 1 ? BULK_TEXT : "";
        await writeUntilKilled(written, oracle, { random, tail });
        const startedAt = performance.now();
        const server = await startServerProcess(["--store", directory]);
        const held = await readEverything(server);
        readyMs.push(performance.now() - startedAt);
        differences = oracle.check(held);
        server.kill("SIGTERM");
        expect(await server.exited).toBe(0);
      }
      readyMs.sort((a, b) => a - b);
      const [median, longest] = [readyMs[readyMs.length >> 1] ?? 0, readyMs.at(-1) ?? 0];
      console.log(
        `kill -9: SEED=${SEED}, ${round} rounds, ${oracle.acknowledgements} acknowledged writes, ${differences.length} differences; ` +
          `start to first listing after a kill: median ${median.toFixed(0)} ms, longest ${longest.toFixed(0)} ms`,
      );
      expect(differences).toEqual([]);
      expect(oracle.acknowledgements).toBeGreaterThan(ROUNDS * 100);
    });
  },
  ROUNDS * ROUND_MS_MAX,
);

/** Writes from all connections until so many are acknowledged, then kills the server in the middle of the rest. */
async function writeUntilKilled(
  server: ServerProcess,
  oracle: WriteOracle,
  { random, tail }: { readonly random: SeededRandom; readonly tail: string },
): Promise<void> {
  const killAt = oracle.acknowledgements + 200 + random.below(2000);
  let isOver = false;
  const ended = server.exited.then(() => {
    isOver = true;
  });
  const writer = async (id: number) => {
    while (!isOver) {
      await writeOnce(server, oracle, { random, id, tail }).catch((error: unknown) => {
        if (error instanceof UnexpectedAnswer) throw error;
      });
      if (oracle.acknowledgements < killAt || isOver) continue;
      isOver = true;
      server.kill("SIGKILL");
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, id) => writer(id)));
  await ended;
}

/** @param tail - what longer values end with */
function writeOnce(
  server: ServerProcess,
  oracle: WriteOracle,
  { random, id, tail }: { readonly random: SeededRandom; readonly id: number; readonly tail: string },
): Promise<void> {
  const first = random.below(KEYS_A_WRITER);
  const key = `w${id}k${first}`;
  const value = `${random.below(2 ** 31)}`;
  if (random.oneIn(8)) {
    const other = `w${id}k${(first + 1) % KEYS_A_WRITER}`;
    const both = new Map([key, other].map((name) => [name, value]));
    return oracle.write(both, () => send(`${server.url}/keys?${key}=${value}&${other}=${value}`, { method: "PUT" }));
  }
  if (random.oneIn(8)) {
    return oracle.write(new Map([[key, null]]), () => send(`${server.url}/${key}`, { method: "DELETE" }));
  }
  const body = `${value}${tail}`;
  return oracle.write(new Map([[key, body]]), () => send(`${server.url}/${key}`, { method: "PUT", body }));
}

/** A refusal that nothing here asks for; a broken connection is expected instead. */
class UnexpectedAnswer extends Error {}

async function send(url: string, request: RequestInit): Promise<boolean> {
  const response = await fetch(url, request);
  await response.arrayBuffer();
  if (response.ok) return true;
  if (response.status === 404 && request.method === "DELETE") return false;
  throw new UnexpectedAnswer(`${request.method} ${url} answered ${response.status}`);
}

async function readEverything(server: ServerProcess): Promise<ReadonlyMap<string, string>> {
  const response = await fetch(`${server.url}/keys`);
  const pairs: readonly Record<string, string>[] = JSON.parse(await response.text());
  return new Map(pairs.flatMap((pair) => Object.entries(pair)));
}
