// Writers of whom every state is known: each has keys of its own and one write under way, and remembers what its keys are after each. So
// once `n` of its writes are acknowledged, its keys stand as after `n` of them, or after one more.
import { KeptConnection } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";

/** Values by key. */
export type Held = ReadonlyMap<string, string>;

/** What the keys of each writer are after so many of its writes. */
export type Histories = readonly (readonly Held[])[];

const KEYS_A_WRITER = 5;
const TEXT = { "Content-Type": "text/plain" };
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
/** Long enough for pages of their own. */
const LONG_VALUE_LENGTH_MAX = 6000;

interface Write {
  readonly line: string;
  readonly body: string;
  readonly after: Held;
}

export class KnownWriters {
  readonly #histories: Held[][];
  readonly #random: SeededRandom;

  constructor(count: number, random: SeededRandom) {
    this.#histories = Array.from({ length: count }, () => [new Map()]);
    this.#random = random;
  }

  get histories(): Histories {
    return this.#histories;
  }

  /** Each writes so many times; all are acknowledged when it resolves. @throws Error at any other answer */
  async write(url: string, times: number): Promise<void> {
    await Promise.all(this.#histories.map((history, id) => this.#writeAlone({ url, times, id, history })));
  }

  async #writeAlone(options: {
    readonly url: string;
    readonly times: number;
    readonly id: number;
    readonly history: Held[];
  }): Promise<void> {
    const { url, times, id, history } = options;
    const connection = await KeptConnection.open(url);
    try {
      for (let time = 0; time < times; time++) {
        const { line, body, after } = this.#draw(id, history.at(-1) ?? new Map());
        // Before it is sent: from then on it may be there.
        history.push(after);
        const rendered = connection.render(line, line.startsWith("PATCH") ? FORM : TEXT, body);
        const { status, body: answer } = await connection.send(rendered);
        if (status !== 200 && status !== 201) throw new Error(`${line} was answered ${status}: ${answer}`);
      }
    } finally {
      connection.close();
    }
  }

  #draw(id: number, before: Held): Write {
    const random = this.#random;
    const key = `w${id}k${random.below(KEYS_A_WRITER)}`;
    const value = String(random.below(2 ** 31));
    const written = (outcome: Iterable<readonly [string, string]>) => new Map([...before, ...outcome]);
    switch (random.below(6)) {
      case 0: {
        const [left, right] = [`w${id}left`, `w${id}right`];
        const after = written([left, right].map((name) => [name, value] as const));
        return { line: `PUT /keys?${left}=${value}&${right}=${value}`, body: "", after };
      }
      case 1: {
        const count = Number(before.get(`w${id}counter`) ?? 0) + 1;
        const after = written([[`w${id}counter`, String(count)]]);
        return { line: `PATCH /keys/w${id}counter`, body: "incr=1", after };
      }
      case 2:
        if (before.has(key)) {
          const after = new Map([...before].filter(([name]) => name !== key));
          return { line: `DELETE /keys/${key}`, body: "", after };
        }
    }
    const body = random.oneIn(3) ? `${value}${"x".repeat(random.below(LONG_VALUE_LENGTH_MAX))}` : value;
    return { line: `PUT /keys/${key}`, body, after: written([[key, body]]) };
  }
}
