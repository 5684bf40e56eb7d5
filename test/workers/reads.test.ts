// Several serving threads show one store: what one has acknowledged every other shows from then on, whatever kind of write it was.
// Each key has one client, who writes it on one connection and reads it on others, so that what must stand is known exactly.
// SEED= reruns what was asked, ROUNDS=10000 runs longer.
import { expect, test } from "bun:test";
import { withSqliteServer } from "../support/http-harness.ts";
import type { KeptAnswer, KeptConnection } from "../support/kept-connection.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { connectToEach } from "../support/serving-threads.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 250);
const CLIENTS = 12;
const THREADS = 3;
const TEST_MS = 30_000 + ROUNDS * 40;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

for (const seed of seedsToTry(Date.now() % 1_000_000, 1)) {
  test(
    `${CLIENTS * ROUNDS} acknowledged writes are seen on every thread, SEED=${seed}`,
    async () => {
      await withSeed(seed, (random) =>
        withSqliteServer(
          async ({ url }) => {
            if (url === null) throw new Error("The server has no address");
            const clients = Array.from({ length: CLIENTS }, async (_, id) => {
              const client = new Client(`c${id}`, await connectToEach(url, THREADS), random);
              for (let round = 0; round < ROUNDS; round++) await client.play();
              client.close();
            });
            await Promise.all(clients);
          },
          { workers: String(THREADS) },
        ),
      );
    },
    TEST_MS,
  );
}

class Client {
  readonly #key: string;
  readonly #connections: readonly KeptConnection[];
  readonly #random: SeededRandom;
  /** What stands under its key; null for no entry. */
  #value: string | null = null;

  constructor(key: string, connections: readonly KeptConnection[], random: SeededRandom) {
    this.#key = key;
    this.#connections = connections;
    this.#random = random;
  }

  /** One write on a thread, then reads on all, in any order. */
  async play(): Promise<void> {
    await this.#write();
    const first = this.#random.below(this.#connections.length);
    for (let turn = 0; turn < this.#connections.length; turn++) {
      const connection = this.#connections[(first + turn) % this.#connections.length];
      if (connection !== undefined) await this.#look(connection);
    }
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #write(): Promise<void> {
    const key = this.#key;
    switch (this.#random.below(6)) {
      case 0:
        await this.#ask(`DELETE /keys?key=${key}`);
        this.#value = null;
        break;
      case 1:
        if (this.#value !== null) await this.#ask(`DELETE /${key}`);
        this.#value = null;
        break;
      case 2:
        await this.#ask(`PATCH /${key}`, "append=0");
        this.#value = `${this.#value ?? ""}0`;
        break;
      case 3: {
        const value = String(this.#random.below(1000));
        await this.#ask(`PUT /keys?${key}=${value}`);
        this.#value = value;
        break;
      }
      default: {
        const value = String(this.#random.below(1000));
        await this.#ask(`PUT /${key}`, value);
        this.#value = value;
      }
    }
  }

  async #look(connection: KeptConnection): Promise<void> {
    const key = this.#key;
    if (this.#random.oneIn(4)) {
      const { body } = await connection.send(connection.render(`GET /keys?key=${key}&keys`, {}, ""));
      expect(JSON.parse(body)).toEqual(this.#value === null ? [] : [key]);
      return;
    }
    const { status, body } = await connection.send(connection.render(`GET /${key}`, {}, ""));
    expect(status === 404 ? null : body).toBe(this.#value);
  }

  async #ask(line: string, body = ""): Promise<KeptAnswer> {
    const connection = this.#random.pick(this.#connections);
    const answer = await connection.send(connection.render(line, line.startsWith("PATCH") ? FORM : {}, body));
    if (answer.status >= 300) throw new Error(`${line}: ${answer.status} ${answer.body}`);
    return answer;
  }
}
