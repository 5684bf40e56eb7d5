// SIGTERM at any moment under load, with watches open and with requests of which half has been sent. What is asserted:
//
// 1. The process exits 0 within 5 s.
// 2. A request is *accepted* when the server has received the whole of it before it stopped taking new ones. Here that is
//    every request that the system had taken from the client before the signal was sent, be it on a kept connection, or on a
//    new one that the server had not yet looked at. Each of them is answered, as it would have been without the signal.
// 3. What was sent later is answered, or its connection ends without a byte of an answer.
// 4. No answer is torn: one that has begun comes to its end, a watch to its `bye`.
// 5. A write whose 2xx was received is in the store after the restart, and half a request has written nothing.
//
// ROUNDS=200 runs it longer; SEED= repeats the moments.
import { expect, test } from "bun:test";
import { connect } from "node:net";
import { KeptConnection, LostConnection } from "../support/kept-connection.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { expectWithin } from "../support/time-bar.ts";
import { WriteOracle } from "../support/write-oracle.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ROUND_MS_MAX = 30_000;
const STOP_MS_MAX = 5000;
const WRITERS = 24;
const READERS = 12;
const LISTERS = 4;
const KEYS_A_WRITER = 4;
const WATCHES = 8;
const HALF_SENT = 8;
/** Large enough not to leave the server in one part. */
const LARGE_VALUE = "v".repeat(300_000);
const ACKNOWLEDGED_MIN = 100;
/** Half-sent requests keep a server for its whole --stop-timeout: the first round has the default, 4 s. */
const SHORT_STOP = ["--stop-timeout", "1s"];

test(
  `${ROUNDS} SIGTERMs under load tear no answer and drop no accepted request`,
  async () => {
    const random = makeSeededRandom(SEED);
    const oracle = new WriteOracle();
    const stoppedMs: number[] = [];
    let answered = 0;
    await withTemporaryDirectory(async (directory) => {
      for (let round = 0; round < ROUNDS; round++) {
        const store = ["--store", `sqlite:${directory}`];
        const workers = ["--workers", String(1 + (round % 2))];
        const server = await startServerProcess([...store, ...workers, ...(round === 0 ? [] : SHORT_STOP)]);
        const load = new Load(server, oracle, random);
        try {
          const { exitCode, tookMs } = await load.runUntilStopped();
          expect({ SEED, round, problems: load.problems, exitCode }).toEqual({
            SEED,
            round,
            problems: [],
            exitCode: 0,
          });
          expectWithin("the stop", tookMs, STOP_MS_MAX);
          stoppedMs.push(tookMs);
          answered += load.answered;
        } finally {
          server.kill("SIGKILL");
          await server.exited;
        }
        expect({ SEED, round, differences: oracle.check(await heldBy(store)) }).toEqual({
          SEED,
          round,
          differences: [],
        });
      }
    });
    console.log(
      `SIGTERM: SEED=${SEED}, ${ROUNDS} rounds, ${answered} answers, ${oracle.acknowledgements} acknowledged writes; ` +
        `slowest stop ${Math.max(...stoppedMs).toFixed(0)} ms`,
    );
  },
  ROUNDS * ROUND_MS_MAX,
);

/** What asks one server, from before the signal until it has ended. */
class Load {
  readonly problems: string[] = [];
  answered = 0;
  readonly #server: ServerProcess;
  readonly #oracle: WriteOracle;
  readonly #random: SeededRandom;
  #signalledAtMs: number | null = null;

  constructor(server: ServerProcess, oracle: WriteOracle, random: SeededRandom) {
    this.#server = server;
    this.#oracle = oracle;
    this.#random = random;
  }

  async runUntilStopped(): Promise<{ readonly exitCode: number | null; readonly tookMs: number }> {
    // Two, so that every listing has more than one part.
    for (const key of ["large", "larger"]) {
      await fetch(`${this.#server.url}/keys/${key}`, { method: "PUT", body: LARGE_VALUE });
    }
    const watches = Array.from({ length: WATCHES }, () => new RawRequest(this.#server.url, WATCH));
    const halves = Array.from({ length: HALF_SENT }, (_, index) => new RawRequest(this.#server.url, halfOf(index)));
    await Promise.all(watches.map((watch) => watch.received("event: ready")));
    await Promise.all(halves.map((half) => half.sent));
    const signalAt = this.#oracle.acknowledgements + ACKNOWLEDGED_MIN + this.#random.below(1000);
    const clients = [
      ...Array.from({ length: WRITERS }, (_, id) => this.#write(id, signalAt)),
      ...Array.from({ length: READERS }, () => this.#read()),
      ...Array.from({ length: LISTERS }, () => this.#list()),
    ];
    await Promise.all(clients);
    const exitCode = await this.#server.exited;
    const tookMs = performance.now() - (this.#signalledAtMs ?? 0);
    for (const watch of watches) {
      const text = await watch.ended;
      if (!text.includes('event: bye\ndata: {"reason":"stopping"}') || !text.endsWith(LAST_CHUNK)) {
        this.problems.push(`A watch ended with ${JSON.stringify(text.slice(-100))}`);
      }
    }
    return { exitCode, tookMs };
  }

  async #write(id: number, signalAt: number): Promise<void> {
    const connection = await KeptConnection.open(this.#server.url);
    await this.#whileServed(async () => {
      const key = `w${id}k${this.#random.below(KEYS_A_WRITER)}`;
      const value = `${this.#random.below(2 ** 31)}`;
      await this.#oracle.write(new Map([[key, value]]), async () => {
        const { status } = await connection.send(connection.render(`PUT /${key}`, {}, value));
        return this.#count(`PUT /${key}`, status, [201, 204]);
      });
      if (this.#signalledAtMs === null && this.#oracle.acknowledgements >= signalAt) this.#signal();
    });
    connection.close();
  }

  async #read(): Promise<void> {
    const connection = await KeptConnection.open(this.#server.url);
    await this.#whileServed(async () => {
      const target = this.#random.oneIn(4) ? "/keys/large" : `/w${this.#random.below(WRITERS)}k0`;
      const { status } = await connection.send(connection.render(`GET ${target}`, {}, ""));
      this.#count(`GET ${target}`, status, [200, 404]);
    });
    connection.close();
  }

  /** Each on a connection of its own, so that some are new at the signal. */
  async #list(): Promise<void> {
    await this.#whileServed(async () => {
      const listing = new RawRequest(this.#server.url, LISTING);
      const text = await listing.ended;
      if (!text.endsWith(LAST_CHUNK)) throw new LostConnection(listing.sentAtMs, text);
      this.#count("GET /keys", Number(text.slice(9, 12)), [200]);
    });
  }

  /** Again and again, until the connection is lost: allowed only as the header of this file says. */
  async #whileServed(ask: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await ask();
      } catch (error) {
        if (!(error instanceof LostConnection)) throw error;
        const { sentAtMs, begun } = error;
        if (begun !== "") this.problems.push(`Torn after ${begun.length} bytes: ${begun.slice(0, 60)}`);
        else if (sentAtMs !== null && sentAtMs < (this.#signalledAtMs ?? Number.POSITIVE_INFINITY)) {
          this.problems.push(
            `Sent ${((this.#signalledAtMs ?? 0) - sentAtMs).toFixed(2)} ms before the signal, dropped`,
          );
        }
        return;
      }
    }
  }

  #count(what: string, status: number, allowed: readonly number[]): boolean {
    this.answered++;
    if (!allowed.includes(status)) this.problems.push(`${what} was answered ${status}`);
    return status < 300;
  }

  #signal(): void {
    this.#signalledAtMs = performance.now();
    this.#server.kill("SIGTERM");
  }
}

const LAST_CHUNK = "0\r\n\r\n";
const WATCH = "GET /keys?watch&values=0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
const LISTING = "GET /keys HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

function halfOf(index: number): string {
  if (index % 2 === 0) return "PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Le";
  return `PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf`;
}

/** Bytes on a connection of their own, and all that comes back. */
class RawRequest {
  /** When the system had taken all of them; null before. */
  sentAtMs: number | null = null;
  readonly sent: Promise<void>;
  readonly ended: Promise<string>;
  #text = "";
  #seen = Promise.withResolvers<void>();

  constructor(url: string, bytes: string) {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    const sent = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<string>();
    this.sent = sent.promise;
    this.ended = ended.promise;
    socket.setEncoding("latin1");
    socket.write(bytes, (error) => {
      if (error === undefined || error === null) this.sentAtMs = performance.now();
      sent.resolve();
    });
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#seen.resolve();
      this.#seen = Promise.withResolvers();
    });
    socket.on("error", () => {});
    socket.on("close", () => ended.resolve(this.#text));
  }

  /** Resolves when this has come. */
  async received(text: string): Promise<void> {
    while (!this.#text.includes(text)) await this.#seen.promise;
  }
}

/** What a server that is started again holds, but for the one large value. */
async function heldBy(store: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const server = await startServerProcess(store);
  const pairs: readonly Record<string, string>[] = JSON.parse(await (await fetch(`${server.url}/keys`)).text());
  server.kill("SIGTERM");
  expect(await server.exited).toBe(0);
  return new Map(pairs.flatMap((pair) => Object.entries(pair)).filter(([key]) => !key.startsWith("large")));
}
