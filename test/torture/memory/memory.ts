// Clients that stop in the middle, many at once: uploads that never end, readers and watchers that take nothing. The server keeps
// within its memory, and serves others meanwhile.
import { connect, type Socket } from "node:net";
import { parseExposition } from "../../support/exposition.ts";
import { Http } from "../../support/http-client.ts";
import { peakResidentBytes, residentBytes, tellsMemory } from "../../support/process-memory.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import { makeSocketClient } from "../../support/socket-client.ts";
import { withServerProcess } from "../../support/with-server-process.ts";
import type { Findings, Method, Run } from "../method.ts";

const UPLOADS = 500;
const READERS = 500;
const WATCHERS = 1000;
const VALUE_BYTES = 1024 * 1024;
const KEYS = 20;
const WRITES = 40;
/**
 * 260 to 330 MB, the more the later the collector comes, which it does where others work on the same cores. Readers or uploads
 * that are held without a bound would be 500 MB more, each of the two.
 */
const RESIDENT_BYTES_MAX = 500_000_000;

export const memory: Method = {
  name: "memory",
  summary: "Watchers, readers and uploads that stall, by the thousand: the server keeps within its memory",
  unit: "times 1,000 watchers, 500 readers and 500 uploads",
  rounds: { short: 1, long: 4 },
  variants: [],
  plants: [
    {
      name: "bodies-unbounded",
      summary: "bodies may take any room in memory",
      finds: /The server's peak was/,
      rounds: 1,
    },
  ],
  lacks: () => (tellsMemory ? null : "It reads what /proc tells of a process, which is there on Linux alone."),
  run,
};

async function run({ rounds, plant, say }: Run): Promise<Findings> {
  const faults: string[] = [];
  let [peakBytes, endBytes] = [0, 0];
  const most: Crowded = { watchers: 0, connections: 0 };
  const flags = plant === null ? [] : ["--body-budget", "4096MiB"];
  await withServerProcess(
    async (server) => {
      for (let round = 0; round < rounds && faults.length === 0; round++) {
        await stall(server, most, faults);
        [peakBytes, endBytes] = [peakResidentBytes(server.pid), residentBytes(server.pid)];
        say(`the peak is ${megabytes(peakBytes)} MB`);
        if (peakBytes > RESIDENT_BYTES_MAX) faults.push(`The server's peak was ${megabytes(peakBytes)} MB`);
      }
    },
    (directory) => ["--store", `sqlite:${directory}/store`, ...flags],
  );
  return {
    figures: {
      "most watchers at once": most.watchers,
      "most connections at once": most.connections,
      "peak of resident memory, MB": megabytes(peakBytes),
      "resident at the end, MB": megabytes(endBytes),
      "bound, MB": megabytes(RESIDENT_BYTES_MAX),
    },
    faults,
  };
}

/** The most that the server has told of at once. */
interface Crowded {
  watchers: number;
  connections: number;
}

/** All of them at once, on values of 1 MiB that change under the watchers; they leave when others have been served. */
async function stall(server: ServerProcess, most: Crowded, faults: string[]): Promise<void> {
  const crowd = new Crowd(server.url);
  const http = new Http(makeSocketClient(server.url));
  const value = "x".repeat(VALUE_BYTES);
  const write = async (index: number) => {
    const { status } = await http.put(`/keys/big${index % KEYS}`, value, { "Content-Type": "text/plain" });
    if (status !== 200 && status !== 201) faults.push(`A write beside them was answered ${status}`);
  };
  // Answered behind all that were before, so that the server has seen each.
  const look = async () => {
    const { status, text } = await http.get("/keys?limit=1&keys");
    if (status !== 200 || text !== '["big0"]') faults.push(`A listing beside them was answered ${status}: ${text}`);
  };
  const count = async () => {
    const series = parseExposition((await http.get("/-/metrics")).text);
    most.watchers = Math.max(most.watchers, series.get("keyhold_watchers") ?? 0);
    most.connections = Math.max(most.connections, series.get("keyhold_http_connections") ?? 0);
  };
  try {
    for (let index = 0; index < KEYS; index++) await write(index);
    for (let index = 0; index < WATCHERS; index++)
      await crowd.join("GET /keys?watch&prefix=big HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await count();
    if (most.watchers < WATCHERS) faults.push(`Of ${WATCHERS} watchers ${most.watchers} stand`);
    for (let index = 0; index < WRITES; index++) await write(index);
    for (let index = 0; index < READERS; index++)
      await crowd.join(`GET /keys/big${index % KEYS} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await look();
    await count();
    for (let index = 0; index < UPLOADS; index++) {
      const head = `PUT /keys/up${index} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${VALUE_BYTES}\r\n\r\n`;
      await crowd.join(`${head}${value.slice(1000)}`);
    }
    await look();
    await count();
  } finally {
    crowd.leave();
  }
}

/** Connections that say their part, read nothing, and only hold on. */
class Crowd {
  readonly #place: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#place = { host: hostname, port: Number(port) };
  }

  join(text: string): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect(this.#place, () => {
        socket.pause();
        socket.write(text, () => resolve());
      });
      this.#sockets.add(socket);
      // A server that has had enough closes, perhaps while the rest is still being written.
      socket.on("error", () => resolve());
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
