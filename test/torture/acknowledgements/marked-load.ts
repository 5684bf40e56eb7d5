// Connections that write, each with one request under way, and each write with marks of its own: values and names that are
// nowhere else (marks.ts). All ways of writing are among them.
import { KeptConnection } from "../../support/kept-connection.ts";
import { makeSeededRandom, type SeededRandom } from "../../support/seeded-random.ts";
import { makeMark } from "./marks.ts";

export interface MarkedLoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seed: number;
  /** Sets its marks apart from those of others. */
  readonly lane: number;
  /** Whether to go on. */
  readonly isOver: () => boolean;
}

interface Asked {
  readonly line: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

const TEXT = { "Content-Type": "text/plain" };
const JSON_TYPE = { "Content-Type": "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const KEYS_A_CONNECTION = 40;
const BULK = "x".repeat(20_000);

export class MarkedLoad {
  /** Writes that were answered with success. */
  acknowledged = 0;
  /** Sentences on answers that there must not be. */
  readonly problems: string[] = [];
  readonly #options: MarkedLoadOptions;
  #marks = 0;

  constructor(options: MarkedLoadOptions) {
    this.#options = options;
  }

  /** Writes until so many more are acknowledged, or it is over. */
  async run(count: number): Promise<void> {
    const goal = this.acknowledged + count;
    const { connections, seed } = this.#options;
    const clients = Array.from({ length: connections }, (_, id) =>
      this.#runConnection(makeSeededRandom(seed * 1000 + id + this.#marks * 7), { id, goal }),
    );
    await Promise.all(clients);
  }

  async #runConnection(random: SeededRandom, { id, goal }: { readonly id: number; readonly goal: number }) {
    const connection = await KeptConnection.open(this.#options.url);
    try {
      for (;;) {
        for (const { line, fields, body } of this.#draw(random, id)) {
          if (this.acknowledged >= goal || this.problems.length > 0 || this.#options.isOver()) return;
          const answer = await connection.send(connection.render(line, fields, body));
          if (answer.status >= 200 && answer.status < 300) this.acknowledged++;
          else this.problems.push(`${line} was answered ${answer.status}: ${answer.body.slice(0, 300)}`);
        }
      }
    } catch (error) {
      if (!this.#options.isOver()) this.problems.push(`A connection failed: ${error}`);
    } finally {
      connection.close();
    }
  }

  /** The next write of a connection, or several that belong together. */
  #draw(random: SeededRandom, id: number): readonly Asked[] {
    const key = () => `c${id}k${random.below(KEYS_A_CONNECTION)}`;
    const mark = () => makeMark(this.#options.lane, this.#marks++);
    const drawn = random.below(100);
    if (drawn < 50) return [put(key(), mark(), TEXT)];
    if (drawn < 55) return [put(key(), mark() + BULK, TEXT)];
    if (drawn < 70) {
      const own = mark();
      const created = put(own, mark(), { ...TEXT, "If-None-Match": "*" });
      // The name of its record is no mark: the record itself is looked for.
      const named = { "Idempotency-Key": own.toLowerCase() };
      return [created, { line: `DELETE /keys/${own}`, fields: named, body: "" }];
    }
    if (drawn < 80) {
      const [first, second] = [put(key(), mark(), TEXT), `append=${mark()}`];
      return [first, { line: first.line.replace("PUT", "PATCH"), fields: FORM, body: second }];
    }
    if (drawn < 90) return [post("/keys", { [mark()]: mark(), [mark()]: mark() })];
    const ops = [{ put: { key: mark(), value: mark() } }, { delete: { key: key() } }, { incr: { key: `c${id}n` } }];
    return [post("/-/txn", { ops })];
  }
}

function put(key: string, body: string, fields: Readonly<Record<string, string>>): Asked {
  return { line: `PUT /keys/${key}`, fields, body };
}

function post(path: string, json: unknown): Asked {
  return { line: `POST ${path}`, fields: JSON_TYPE, body: JSON.stringify(json) };
}
