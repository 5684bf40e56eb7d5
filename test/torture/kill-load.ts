// The load of the kill method: many connections write a mixture as fast as they are answered, until so many writes are
// acknowledged; then the server is killed in the middle of the rest. The oracle is told of each write what came of it.
import { KeptConnection } from "../support/kept-connection.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { ServerProcess } from "../support/server-process.ts";
import type { WriteOracle } from "../support/write-oracle.ts";

export interface KillLoad {
  readonly oracle: WriteOracle;
  readonly random: SeededRandom;
  /** What no value repeats: the number of the round. */
  readonly mark: string;
  /** How many writes are acknowledged before the kill. */
  readonly acknowledgements: number;
  /** Whether values are so long that the log is brought into the database meanwhile. */
  readonly isBulk: boolean;
  /** Where the requests go, if not to the server itself. */
  readonly url: string;
  /** A write was answered 503 or 507. */
  readonly onUnserved: () => void;
}

const WRITERS = 64;
const KEYS_A_WRITER = 8;
const BULK_TEXT = "x".repeat(20_000);
/** One in so many values of a bulk load is long. */
const BULK_SHARE = 2;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const STORED = [200, 201, 204];
/** No entry has this tag. */
const STRANGE_TAG = '"0.none"';

/** Answers that there must not be; empty where there were none. Resolves when the server has ended. */
export async function writeUntilKilled(server: ServerProcess, load: KillLoad): Promise<readonly string[]> {
  const problems: string[] = [];
  const killAt = load.oracle.acknowledgements + load.acknowledgements;
  const connections = await Promise.all(Array.from({ length: WRITERS }, () => KeptConnection.open(load.url)));
  let isOver = false;
  let isKilled = false;
  void server.exited.then(() => {
    isOver = true;
  });
  const write = async (connection: KeptConnection, id: number) => {
    const writer = new Writer(load, connection, id);
    while (!isOver) {
      try {
        await writer.writeOnce();
      } catch (error) {
        if (error instanceof UnexpectedAnswer) problems.push(error.message);
        else if (!isOver) problems.push(`A connection was cut before the kill: ${error}`);
        return;
      }
      if (load.oracle.acknowledgements < killAt || isOver) continue;
      isOver = true;
      isKilled = true;
      server.kill("SIGKILL");
    }
  };
  await Promise.all(connections.map(write));
  server.kill("SIGKILL");
  const exitCode = await server.exited;
  if (!isKilled && problems.length === 0) problems.push(`The server ended by itself, with exit code ${exitCode}`);
  for (const connection of connections) connection.close();
  return problems;
}

/** A refusal that nothing here asks for; a broken connection is expected instead. */
class UnexpectedAnswer extends Error {}

/** A request, and the statuses by which it is acknowledged or surely not applied; 503 and 507 are always the latter. */
interface Asked {
  readonly line: string;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly successes: readonly number[];
  readonly refusals?: readonly number[];
}

interface Drawn {
  readonly outcome: readonly (readonly [string, string | null])[];
  readonly asked: Asked;
}

class Writer {
  readonly #load: KillLoad;
  readonly #connection: KeptConnection;
  readonly #id: number;
  #number = 0;

  constructor(load: KillLoad, connection: KeptConnection, id: number) {
    this.#load = load;
    this.#connection = connection;
    this.#id = id;
  }

  /** @throws UnexpectedAnswer; LostConnection */
  async writeOnce(): Promise<void> {
    const { outcome, asked } = this.#draw();
    await this.#load.oracle.write(new Map(outcome), () => this.#send(asked));
  }

  #draw(): Drawn {
    const { oracle, random, mark, isBulk } = this.#load;
    const first = random.below(KEYS_A_WRITER);
    const key = `w${this.#id}k${first}`;
    const value = `${mark}-${this.#id}-${++this.#number}`;
    const put = { line: `PUT /${key}`, body: value };
    switch (random.below(16)) {
      case 0:
      case 1: {
        const other = `w${this.#id}k${(first + 1) % KEYS_A_WRITER}`;
        const line = `PUT /keys?${key}=${value}&${other}=${value}`;
        return { outcome: [key, other].map((name) => [name, value]), asked: { line, successes: STORED } };
      }
      case 2:
      case 3: {
        const asked = { line: `DELETE /${key}`, successes: [204], refusals: [404] };
        return { outcome: [[key, null]], asked };
      }
      case 4: {
        const expected = oracle.expected(key) === null ? { successes: [201] } : { successes: [], refusals: [412] };
        return { outcome: [[key, value]], asked: { ...put, ...expected, fields: { "If-None-Match": "*" } } };
      }
      case 5: {
        const fields = { "If-Match": STRANGE_TAG };
        return { outcome: [[key, value]], asked: { ...put, fields, successes: [], refusals: [412] } };
      }
      case 6: {
        const counter = `w${this.#id}c`;
        const next = String(Number(oracle.expected(counter) ?? 0) + 1);
        const asked = { line: `PATCH /keys/${counter}`, fields: FORM, body: "incr=1", successes: STORED };
        return { outcome: [[counter, next]], asked };
      }
      default: {
        const body = isBulk && random.oneIn(BULK_SHARE) ? `${value}${BULK_TEXT}` : value;
        return { outcome: [[key, body]], asked: { ...put, body, successes: STORED } };
      }
    }
  }

  /** Whether it is acknowledged; false where it is surely not applied. */
  async #send({ line, fields = {}, body = "", successes, refusals = [] }: Asked): Promise<boolean> {
    const answer = await this.#connection.send(this.#connection.render(line, fields, body));
    if (successes.includes(answer.status)) return true;
    if (refusals.includes(answer.status)) return false;
    if (answer.status === 503 || answer.status === 507) {
      this.#load.onUnserved();
      return false;
    }
    throw new UnexpectedAnswer(`${line} was answered ${answer.status}: ${answer.body.slice(0, 300)}`);
  }
}
