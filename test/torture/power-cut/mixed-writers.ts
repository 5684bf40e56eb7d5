// A load on a server whose power is cut: connections that put, put two keys at once, delete and count, each with keys of its own and
// one write under way, as the oracle wants it. Ends by itself when the server has gone.
import { KeptConnection, LostConnection } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import type { Outcome, WriteOracle } from "../../support/write-oracle.ts";

export interface MixedWritersOptions {
  readonly url: string;
  readonly oracle: WriteOracle;
  readonly random: SeededRandom;
  /** What longer values end with. */
  readonly tail: string;
  /** Called once, when so many writes have been acknowledged to them. What is answered from then on is not heard by anybody. */
  readonly cut: { readonly after: number; readonly call: () => void };
}

/** One write, and what it leaves. */
interface Write {
  readonly line: string;
  readonly body: string;
  readonly outcome: Outcome;
}

const WRITERS = 48;
const KEYS_A_WRITER = 6;
const FIELDS = { "Content-Type": "text/plain" };
/** Success and, after the cut, what docs/guarantees.md says of a disk that fails. */
const BEFORE_CUT = [200, 201];
const AFTER_CUT = [200, 201, 404, 503, 504];
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

/** Resolves when no writer can go on after the cut. @throws Error at an answer that no fault of a disk explains, or where it never came to the cut */
export async function writeUntilGone(options: MixedWritersOptions): Promise<void> {
  const load = new Load(options);
  await Promise.all(Array.from({ length: WRITERS }, (_, id) => load.writeAlone(id)));
}

/** Keys that one request writes always; they are alike or both missing. */
export function pairOf(id: number): readonly [string, string] {
  return [`w${id}left`, `w${id}right`];
}

/** One sentence for each pair of which a half is there. */
export function findHalves(held: ReadonlyMap<string, string>): readonly string[] {
  const pairs = Array.from({ length: WRITERS }, (_, id) => pairOf(id));
  return pairs
    .filter(([left, right]) => held.get(left) !== held.get(right))
    .map(([left, right]) => `${left} and ${right} are written together, and one of them alone is there`);
}

class Load {
  readonly #options: MixedWritersOptions;
  readonly #cutAt: number;
  #isCut = false;

  constructor(options: MixedWritersOptions) {
    this.#options = options;
    this.#cutAt = options.oracle.acknowledgements + options.cut.after;
  }

  async writeAlone(id: number): Promise<void> {
    let connection: KeptConnection | null = null;
    try {
      connection = await KeptConnection.open(this.#options.url);
      while (!this.#isCut) {
        await this.#send(connection, drawWrite(id, this.#options));
        this.#cutInTime();
      }
    } catch (error) {
      if (!isLost(error) || !this.#isCut) throw error;
    } finally {
      connection?.close();
    }
  }

  /** @throws UnheardAnswer, LostConnection where nobody knows what has become of it */
  #send(connection: KeptConnection, { line, body, outcome }: Write): Promise<void> {
    const fields = line.startsWith("PATCH") ? FORM : FIELDS;
    return this.#options.oracle.write(outcome, async () => {
      const { status, body: answer } = await connection.send(connection.render(line, fields, body));
      if (status === 404 && line.startsWith("DELETE") && !this.#isCut) return false;
      if (!(this.#isCut ? AFTER_CUT : BEFORE_CUT).includes(status))
        throw new Error(`${line} was answered ${status}: ${answer}`);
      if (this.#isCut) throw new UnheardAnswer(line);
      return true;
    });
  }

  #cutInTime(): void {
    const { oracle, cut } = this.#options;
    if (this.#isCut || oracle.acknowledgements < this.#cutAt) return;
    this.#isCut = true;
    cut.call();
  }
}

class UnheardAnswer extends Error {}

function isLost(error: unknown): boolean {
  if (error instanceof LostConnection || error instanceof UnheardAnswer) return true;
  return error instanceof Error && "code" in error && error.code === "ECONNREFUSED";
}

function drawWrite(id: number, { oracle, random, tail }: MixedWritersOptions): Write {
  const value = String(random.below(2 ** 31));
  const key = `w${id}k${random.below(KEYS_A_WRITER)}`;
  switch (random.below(8)) {
    case 0: {
      const [left, right] = pairOf(id);
      const outcome = new Map([left, right].map((name) => [name, value]));
      return { line: `PUT /keys?${left}=${value}&${right}=${value}`, body: "", outcome };
    }
    case 1:
      return { line: `DELETE /keys/${key}`, body: "", outcome: new Map([[key, null]]) };
    case 2: {
      const counter = `w${id}counter`;
      const count = String(Number(oracle.expected(counter) ?? 0) + 1);
      return { line: `PATCH /keys/${counter}`, body: "incr=1", outcome: new Map([[counter, count]]) };
    }
    default:
      return { line: `PUT /keys/${key}`, body: `${value}${tail}`, outcome: new Map([[key, `${value}${tail}`]]) };
  }
}
