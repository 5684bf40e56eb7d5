// A store of many keys: listed in one stream and page by page, in bounded memory, while others write. KEYS=1000000 makes it
// larger. Memory is the process's own (RssAnon): pages of the database that are mapped for reading are the
// system's cache, and counted apart.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const KEYS = Number(process.env["KEYS"] ?? 300_000);
const BATCH = 1000;
const PAGE = 1000;
const LOADERS = 4;
/** What listing a store of any size may add to the memory of the server: as many entries held at once would be 80 MiB and more. */
const GROWTH_MIB_MAX = 64;

test(`${KEYS} keys stream in bounded memory, and paging visits each exactly once while others write`, async () => {
  await withTemporaryDirectory(async (directory) => {
    const server = await startServerProcess(["--store", directory]);
    try {
      await load(server);
      const before = anonymousMiB(server);
      const streamed = await streamAll(server, before);
      expect(streamed.keys).toBe(KEYS);
      expect(streamed.isOrdered).toBe(true);
      const paged = await pageAllWhileWriting(server);
      console.log(
        `${KEYS} keys: listed in ${streamed.seconds.toFixed(1)} s (${Math.round(KEYS / streamed.seconds)} keys/s, ${Math.round(streamed.bytes / 1e6)} MB); ` +
          `anonymous memory ${before.toFixed(0)} MiB before, ${streamed.peakMiB.toFixed(0)} MiB at the most; ` +
          `paged in ${paged.pages} pages beside ${paged.writes} writes`,
      );
      expect(paged.seen).toBe(KEYS);
      expect(paged.doubled).toBe(0);
      expect(paged.writes).toBeGreaterThan(0);
      expect(streamed.peakMiB - before).toBeLessThan(GROWTH_MIB_MAX);
    } finally {
      server.kill("SIGKILL");
      await server.exited;
    }
  });
}, 300_000);

/** "item0000000" to "item0999999", each with its number as value. */
async function load(server: ServerProcess): Promise<void> {
  let next = 0;
  const loader = async () => {
    while (next < KEYS) {
      const first = next;
      next += BATCH;
      const count = Math.min(BATCH, KEYS - first);
      const pairs = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [keyOf(first + index), `${first + index}`]),
      );
      const response = await fetch(`${server.url}/keys`, {
        method: "POST",
        body: JSON.stringify(pairs),
        headers: { "Content-Type": "application/json" },
      });
      if (response.status !== 201) throw new Error(`Loading answered ${response.status}: ${await response.text()}`);
      await response.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: LOADERS }, loader));
}

async function streamAll(server: ServerProcess, startMiB: number) {
  const startedAt = performance.now();
  const response = await fetch(`${server.url}/keys`, { headers: { Accept: "application/x-ndjson" } });
  const decoder = new TextDecoder();
  let [keys, bytes, peakMiB, rest, last, isOrdered] = [0, 0, startMiB, "", "", true];
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      keys++;
      isOrdered &&= last < line;
      last = line;
    }
    peakMiB = Math.max(peakMiB, anonymousMiB(server));
  }
  return { keys, bytes, peakMiB, isOrdered, seconds: (performance.now() - startedAt) / 1000 };
}

/** Others overwrite, create and delete between the loaded keys meanwhile; the loaded ones live through it. */
async function pageAllWhileWriting(server: ServerProcess) {
  const seen = new Uint8Array(KEYS);
  let [pages, writes, doubled, isPaging] = [0, 0, 0, true];
  const writer = async () => {
    for (; isPaging; writes++) {
      const number = (writes * 7919) % KEYS;
      const write = writes % 3 === 0 ? keyOf(number) : `${keyOf(number)}x`;
      const method = writes % 3 === 2 ? "DELETE" : "PUT";
      await (
        await fetch(`${server.url}/${write}`, method === "PUT" ? { method, body: "w" } : { method })
      ).arrayBuffer();
    }
  };
  const writing = writer();
  let target: string | null = `/keys?keys&limit=${PAGE}`;
  while (target !== null) {
    const response: Response = await fetch(server.url + target);
    const names: readonly string[] = JSON.parse(await response.text());
    for (const name of names.filter((candidate) => !candidate.endsWith("x"))) {
      const number = Number(name.slice("item".length));
      if (seen[number] === 1) doubled++;
      seen[number] = 1;
    }
    pages++;
    target = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("Link") ?? "")?.[1] ?? null;
  }
  isPaging = false;
  await writing;
  return { pages, writes, doubled, seen: seen.reduce((sum, one) => sum + one, 0) };
}

function keyOf(number: number): string {
  return `item${String(number).padStart(7, "0")}`;
}

function anonymousMiB(server: ServerProcess): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
