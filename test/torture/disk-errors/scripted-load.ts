// What is written in one life of a server: some connections, each with one write under way and keys of its own, and an oracle that
// knows what each answer promises. 503 and 507 promise that nothing was written, 504 nothing at all; once one write was answered
// 504, no write that is sent later may succeed.
import { KeptConnection } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Outcome, WriteOracle } from "../../support/write-oracle.ts";
import { makeMark } from "../acknowledgements/marks.ts";

export interface ScriptedLoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly oracle: WriteOracle;
  readonly random: SeededRandom;
  /** Sets its marks apart from those of other lives of the store. */
  readonly life: number;
  /** Whether a disk without room is among what is injected. */
  readonly mayBeFull: boolean;
}

interface Asked {
  readonly outcome: Outcome;
  readonly line: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Nobody knows what became of a write: its connection writes no more. */
class Unknown extends Error {}

const TEXT = { "Content-Type": "text/plain" };
const JSON_TYPE = { "Content-Type": "application/json" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const CODES: ReadonlyMap<number, readonly string[]> = new Map([
  [503, ["unavailable", "busy"]],
  [504, ["outcome-unknown"]],
  [507, ["no-room"]],
]);

export class ScriptedLoad {
  readonly problems: string[] = [];
  acknowledged = 0;
  /** Answers by status; 0 for none. */
  readonly statuses = new Map<number, number>();
  /** Answered with success, though sent after another was answered 504. */
  late = 0;
  readonly #options: ScriptedLoadOptions;
  readonly #isEnded: boolean[] = [];
  #marks = 0;
  #hasFailed = false;

  constructor(options: ScriptedLoadOptions) {
    this.#options = options;
  }

  /** So many turns of each connection that has not ended, beside each other. @param bulkBytes - what one value is made longer by */
  async run(turns: number, bulkBytes = 0): Promise<void> {
    const { connections } = this.#options;
    await Promise.all(Array.from({ length: connections }, (_, id) => this.#runConnection({ id, turns, bulkBytes })));
  }

  async #runConnection(turn: { readonly id: number; readonly turns: number; readonly bulkBytes: number }) {
    const { id } = turn;
    if (this.#isEnded[id]) return;
    let connection: KeptConnection | null = null;
    try {
      connection = await KeptConnection.open(this.#options.url);
      for (let index = 0; index < turn.turns; index++) {
        const bulkBytes = index === turn.turns - 1 ? turn.bulkBytes : 0;
        for (const ask of this.#draw(id, bulkBytes)) {
          const asked = ask();
          if (asked !== null) await this.#write(connection, asked);
        }
      }
    } catch {
      // The server is gone, or does not know what it did.
      this.#isEnded[id] = true;
    } finally {
      connection?.close();
    }
  }

  async #write(connection: KeptConnection, { outcome, line, fields, body }: Asked): Promise<void> {
    const isLate = this.#hasFailed;
    await this.#options.oracle.write(outcome, async () => {
      const answer = await connection.send(connection.render(line, fields, body)).catch(() => null);
      const status = answer?.status ?? 0;
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
      if (answer === null) throw new Unknown();
      if (status === 200 || status === 201 || status === 204) {
        this.acknowledged++;
        if (isLate) this.late++;
        return true;
      }
      const codes = CODES.get(status) ?? [];
      if (
        !codes.some((code) => answer.body.includes(`"code":"${code}"`)) ||
        (status === 507 && !this.#options.mayBeFull)
      )
        this.problems.push(`${line} was answered ${status}: ${answer.body.slice(0, 200)}`);
      if (status === 504) this.#hasFailed = true;
      if (status === 503 || status === 507) return false;
      throw new Unknown();
    });
  }

  /** One write, or several that belong together: each is made when the one before it is done, null where it came to nothing. */
  #draw(id: number, bulkBytes: number): readonly (() => Asked | null)[] {
    const { random, oracle } = this.#options;
    const key = `c${id}k${random.below(8)}`;
    const other = `c${id}m${random.below(8)}`;
    if (bulkBytes > 0) return [() => put(`c${id}bulk`, this.#mark() + "x".repeat(bulkBytes))];
    switch (random.below(5)) {
      case 0:
        return [() => put(key, this.#mark())];
      case 1: {
        const own = this.#mark();
        const fields = { "Idempotency-Key": own.toLowerCase() };
        const deletion = { outcome: new Map([[own, null]]), line: `DELETE /keys/${own}`, fields, body: "" };
        const created = () => put(own, this.#mark());
        return random.oneIn(4) ? [created] : [created, () => (oracle.expected(own) === null ? null : deletion)];
      }
      case 2:
        return [() => append(key, oracle.expected(key) ?? "", this.#mark())];
      case 3: {
        const both = new Map([key, other].map((name) => [name, this.#mark()]));
        const query = [...both].map(([name, value]) => `${name}=${value}`).join("&");
        return [() => ({ outcome: both, line: `PUT /keys?${query}`, fields: {}, body: "" })];
      }
      default:
        return [() => transact(key, other, this.#mark())];
    }
  }

  #mark(): string {
    return makeMark(this.#options.life, this.#marks++);
  }
}

function put(key: string, value: string): Asked {
  return { outcome: new Map([[key, value]]), line: `PUT /keys/${key}`, fields: TEXT, body: value };
}

/** A value that has become long begins anew. */
function append(key: string, before: string, mark: string): Asked {
  if (before.length > 500) return put(key, mark);
  const outcome = new Map([[key, before + mark]]);
  return { outcome, line: `PATCH /keys/${key}`, fields: FORM, body: `append=${mark}` };
}

function transact(key: string, other: string, mark: string): Asked {
  const ops = [{ put: { key, value: mark } }, { delete: { key: other } }];
  const outcome = new Map([
    [key, mark],
    [other, null],
  ]);
  return { outcome, line: "POST /-/txn", fields: JSON_TYPE, body: JSON.stringify({ ops }) };
}
