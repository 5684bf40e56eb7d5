// One client of fault-load.ts: it has one request under way at a time, on keys of one tag that are its own, and remembers of each
// write whether it was made, was not, or nobody knows. Where acknowledged writes may be lost, as --promise applied says, a loss
// is counted and is no difference; all else is held to as strictly.
import { type KeptAnswer, KeptConnection, LostConnection } from "./kept-connection.ts";
import { RevisionOracle } from "./revision-oracle.ts";
import { makeSeededRandom, type SeededRandom } from "./seeded-random.ts";

/** What a write is known to have come to. */
export type Fate = "made" | "refused" | "unknown";

export interface FaultClientOptions {
  /** Of the server that is asked; the client's connections are kept. */
  readonly url: string;
  readonly seed: number;
  /** Goes before all keys, so that several loads can share a store. */
  readonly name: string;
  /** Whether a failure may take what was acknowledged before it. */
  readonly mayLose: boolean;
}

/** What the store holds that should be otherwise. */
export interface Verdict {
  /** Acknowledged writes that are gone. */
  readonly lost: number;
  /** One sentence for each difference; a loss is none where it may be. */
  readonly differences: readonly string[];
}

export interface Asking {
  readonly status: number;
  readonly problem: string | null;
}

const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const TEXT = { "Content-Type": "text/plain" };

interface Asked {
  readonly line: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
  /** What answers of success there are. */
  readonly successes: readonly number[];
  /** What else may come of it; null for a read. */
  readonly note: ((fate: Fate, answer: KeptAnswer) => void) | null;
  /** What is wrong with a successful answer; null for nothing. */
  readonly judge: (answer: KeptAnswer) => string | null;
}

export class FaultClient {
  readonly tally: Record<Fate, number> = { made: 0, refused: 0, unknown: 0 };
  /** When the last acknowledged write was sent. */
  lastMadeBegunAt = 0;
  readonly #options: FaultClientOptions;
  readonly #random: SeededRandom;
  readonly #revisions = new RevisionOracle();
  /** Of all its keys; `%7B` is an opening brace. */
  readonly #tag: string;
  readonly #created: Record<Fate, Set<string>> = { made: new Set(), refused: new Set(), unknown: new Set() };
  /** Of one text: each mark is appended once. */
  readonly #appended: Record<Fate, Set<string>> = { made: new Set(), refused: new Set(), unknown: new Set() };
  readonly #counted: Record<Fate, number> = { made: 0, refused: 0, unknown: 0 };
  /** Of the one key that is overwritten: the number last acknowledged, and later ones of which nobody knows. */
  #written = 0;
  #doubtful: number[] = [];
  /** All numbers that it may ever have been. */
  readonly #everWritten = new Set([0]);
  #number = 0;
  #connection: KeptConnection | null = null;
  #lastMadeAt = performance.now();
  #longestGapMs = 0;

  constructor(options: FaultClientOptions, id: number) {
    this.#options = options;
    this.#random = makeSeededRandom(options.seed * 1000 + id);
    this.#tag = `${options.name}{${id}}`;
  }

  get created(): ReadonlySet<string> {
    return this.#created.made;
  }

  takeLongestGapMs(): number {
    const longest = Math.max(this.#longestGapMs, performance.now() - this.#lastMadeAt);
    this.#longestGapMs = 0;
    return longest;
  }

  async askOnce(): Promise<Asking> {
    const begunAt = performance.now();
    const kinds = [
      () => this.#put(),
      () => this.#create(),
      () => this.#count(),
      () => this.#append(),
      () => this.#read(),
    ];
    const asked = this.#random.pick(kinds)();
    const answer = await this.#send(asked);
    if (typeof answer === "string") {
      asked.note?.("unknown", { status: 0, head: "", body: "" });
      return { status: 0, problem: `${asked.line}: ${answer}` };
    }
    const { status } = answer;
    const fate = fateOf(status, asked.successes);
    if (fate === null) return { status, problem: `${asked.line} was answered ${status}: ${answer.body.slice(0, 300)}` };
    const problem = fate === "made" ? asked.judge(answer) : judgeRefusal(answer);
    if (asked.note !== null) {
      asked.note(fate, answer);
      this.tally[fate]++;
      if (fate === "made") this.#noteMade(begunAt);
    }
    return { status, problem: problem === null ? null : `${asked.line}: ${problem}` };
  }

  close(): void {
    this.#connection?.close();
  }

  /** Compares what a server at this URL has. */
  async check(url: string): Promise<Verdict> {
    const names = new Set(await readNames(`${url}/keys?keys&prefix=${encodeURIComponent(`${this.#tag}f`)}`));
    const gone = [...this.#created.made].filter((name) => !names.has(name));
    const marks = ((await readText(this.#urlOf(url, "a"))) ?? "").split(";").slice(0, -1);
    const missing = [...this.#appended.made].filter((mark) => !marks.includes(mark));
    const counted = Number((await readText(this.#urlOf(url, "c"))) ?? 0);
    const written = Number((await readText(this.#urlOf(url, "w"))) ?? 0);
    const { made, unknown } = this.#counted;
    const losses = [
      ...gone.map((name) => `${name} was acknowledged and is gone`),
      ...missing.map((mark) => `${this.#tag}a lacks ${mark}, which was acknowledged`),
      ...(counted < made ? [`${this.#tag}c is ${counted}, of ${made} acknowledged and ${unknown} unknown`] : []),
      ...(this.#isCurrent(written) ? [] : [`${this.#tag}w is ${written}, and ${this.#written} was acknowledged`]),
    ];
    const wrongs = [
      ...[...this.#created.refused].filter((name) => names.has(name)).map((name) => `${name} was refused and is there`),
      ...marksWrong(marks, this.#appended).map((wrong) => `${this.#tag}a ${wrong}`),
      ...(counted > made + unknown
        ? [`${this.#tag}c is ${counted}, of ${made} acknowledged and ${unknown} unknown`]
        : []),
      ...(this.#everWritten.has(written) ? [] : [`${this.#tag}w is ${written}, which was refused or never sent`]),
    ];
    const lost = gone.length + missing.length + Math.max(0, made - counted) + (this.#isCurrent(written) ? 0 : 1);
    return { lost, differences: this.#options.mayLose ? wrongs : [...losses, ...wrongs] };
  }

  #put(): Asked {
    const number = ++this.#number;
    // What it may be is known before it is sent: a read has no way to come in between.
    this.#everWritten.add(number);
    return this.#asked("PUT", "w", {
      fields: TEXT,
      body: String(number),
      successes: [200, 201],
      note: (fate) => {
        if (fate === "refused") this.#everWritten.delete(number);
        if (fate === "unknown") this.#doubtful.push(number);
        if (fate !== "made") return;
        this.#written = number;
        this.#doubtful = [];
      },
      judge: (answer) => this.#revisions.noteWrite("w", answer, String(number)),
    });
  }

  /** A key of its own, which nobody else makes: 412 would say that this one was sent twice. */
  #create(): Asked {
    const name = `f${++this.#number}`;
    const condition = this.#random.oneIn(2) ? { "If-None-Match": "*" } : {};
    return this.#asked("PUT", name, {
      fields: { ...TEXT, ...condition },
      body: "v",
      successes: [201],
      note: (fate) => void this.#created[fate].add(`${this.#tag}${name}`),
    });
  }

  #count(): Asked {
    return this.#asked("PATCH", "c", {
      fields: FORM,
      body: "incr=1",
      successes: [200, 201],
      note: (fate, { body }) => {
        this.#counted[fate]++;
        // What it answers settles what was in doubt before; where some may be lost, it says nothing of which.
        if (fate !== "made" || this.#options.mayLose) return;
        const sum = this.#counted.made + this.#counted.unknown;
        this.#counted.made = numberIn(body);
        this.#counted.unknown = sum - this.#counted.made;
      },
      judge: (answer) => {
        const number = numberIn(answer.body);
        const { made, unknown } = this.#counted;
        const isRight = number > (this.#options.mayLose ? 0 : made) && number <= made + unknown + 1;
        if (!isRight) return `answered ${number}, with ${made} acknowledged and ${unknown} unknown`;
        return this.#revisions.noteWrite("c", answer, String(number));
      },
    });
  }

  #append(): Asked {
    const mark = String(++this.#number);
    return this.#asked("PATCH", "a", {
      fields: { ...FORM, Prefer: "return=minimal" },
      body: `append=${mark}%3B`,
      successes: [201, 204],
      note: (fate) => void this.#appended[fate].add(mark),
      judge: (answer) => this.#revisions.noteWrite("a", answer, mark),
    });
  }

  #read(): Asked {
    const mayBeGone = this.#written === 0 || this.#options.mayLose;
    return {
      ...this.#asked("GET", "w", { fields: {}, body: "", successes: mayBeGone ? [200, 404] : [200] }),
      note: null,
      judge: (answer) => {
        const number = answer.status === 404 ? 0 : numberIn(answer.body);
        const isRight = this.#options.mayLose ? this.#everWritten.has(number) : this.#isCurrent(number);
        if (!isRight) return `read ${number}, with ${this.#written} acknowledged`;
        return answer.status === 404 ? null : this.#revisions.noteRead("w", answer, String(number));
      },
    };
  }

  #isCurrent(number: number): boolean {
    return number === this.#written || this.#doubtful.includes(number);
  }

  #asked(
    method: string,
    name: string,
    rest: Pick<Asked, "fields" | "body" | "successes"> & Partial<Pick<Asked, "note" | "judge">>,
  ): Asked {
    const line = `${method} ${this.#urlOf("", name)}`;
    return { line, note: null, judge: () => null, ...rest };
  }

  #urlOf(url: string, name: string): string {
    return `${url}/keys/${encodeURIComponent(`${this.#tag}${name}`)}`;
  }

  /** The answer, or how there came to be none. */
  async #send({ line, fields, body }: Asked): Promise<KeptAnswer | string> {
    try {
      this.#connection ??= await KeptConnection.open(this.#options.url);
      return await this.#connection.send(this.#connection.render(line, fields, body));
    } catch (error) {
      this.#connection = null;
      if (error instanceof LostConnection) return `${error.message}, of which had come ${JSON.stringify(error.begun)}`;
      return `The server is gone: ${error}`;
    }
  }

  #noteMade(begunAt: number): void {
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastMadeAt);
    this.#lastMadeAt = now;
    this.lastMadeBegunAt = begunAt;
  }
}

/** Null for an answer that there must not be. */
function fateOf(status: number, successes: readonly number[]): Fate | null {
  if (successes.includes(status)) return "made";
  if (status === 503) return "refused";
  return status === 504 ? "unknown" : null;
}

/** Of the answer `{key: number}`, whichever way the number is shown. */
function numberIn(body: string): number {
  return Number(/: "?(\d+)"?\}$/.exec(body.trimEnd())?.[1]);
}

function judgeRefusal({ status, head }: KeptAnswer): string | null {
  return status === 503 && !/\r\nretry-after: *\d+/i.test(head) ? "503 without Retry-After" : null;
}

/** Of marks that are there: each once, sent, not refused, and those that were acknowledged in the order in which they were. */
function marksWrong(
  marks: readonly string[],
  appended: Readonly<Record<Fate, ReadonlySet<string>>>,
): readonly string[] {
  const twice = marks.filter((mark, index) => marks.indexOf(mark) !== index);
  const foreign = marks.filter((mark) => !appended.made.has(mark) && !appended.unknown.has(mark));
  const acknowledged = marks.filter((mark) => appended.made.has(mark)).map(Number);
  const isInOrder = acknowledged.every((mark, index) => index === 0 || mark >= (acknowledged[index - 1] ?? 0));
  return [
    ...twice.map((mark) => `has ${mark} twice`),
    ...foreign.map((mark) => `has ${mark}, which was refused or never sent`),
    ...(isInOrder ? [] : ["has its marks in another order than they were acknowledged"]),
  ];
}

async function readNames(url: string): Promise<readonly string[]> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`GET ${url} was answered ${response.status}: ${await response.text()}`);
  const names: readonly string[] = JSON.parse(await response.text());
  return names;
}

/** Null where there is no entry. */
async function readText(url: string): Promise<string | null> {
  const response = await fetch(url, { headers: { Accept: "text/plain, application/octet-stream" } });
  const text = await response.text();
  if (response.status === 404) return null;
  if (response.status !== 200) throw new Error(`GET ${url} was answered ${response.status}: ${text}`);
  return text;
}
