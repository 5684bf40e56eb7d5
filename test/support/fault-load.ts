// Clients that write, count, create and read while servers fail, and remember of each write what they were told: made, not
// made, or nobody knows. Afterwards the store is compared with that. Each client keeps to keys of one tag, hence to one
// partition: the time in which it gets nothing is the time in which that partition was not served.
import { type KeptAnswer, KeptConnection, LostConnection } from "./kept-connection.ts";
import { pollUntil } from "./poll-until.ts";
import { makeSeededRandom, type SeededRandom } from "./seeded-random.ts";

/** What a write is known to have come to. */
export type Fate = "made" | "refused" | "unknown";

export interface FaultLoadOptions {
  /** Of the server that is asked; the client's connections are kept. */
  readonly url: string;
  readonly clients: number;
  readonly seed: number;
  /** Goes before all keys, so that several loads can share a store. */
  readonly name: string;
}

/** What the store holds that should be otherwise. */
export interface Verdict {
  /** Acknowledged writes that are gone. */
  readonly lost: number;
  /** One sentence for each difference. */
  readonly differences: readonly string[];
}

/** Between two requests of a client: the machine has other things to do too. */
const PAUSE_MS = 10;
const PROBLEMS_MAX = 20;
/** After a refusal. */
const BACK_OFF_MS = 20;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };
const TEXT = { "Content-Type": "text/plain" };

export class FaultLoad {
  /** The first that were met. */
  readonly problems: string[] = [];
  readonly #clients: readonly Client[];
  readonly #runs: readonly Promise<void>[];
  readonly #statuses = new Map<number, number>();
  #isStopping = false;
  #slowestMs = 0;
  #answers = 0;

  constructor(options: FaultLoadOptions) {
    this.#clients = Array.from({ length: options.clients }, (_, id) => new Client(options, id));
    this.#runs = this.#clients.map((client) => this.#run(client));
  }

  get acknowledged(): number {
    return this.#count("made");
  }

  get unknown(): number {
    return this.#count("unknown");
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** Keys that were created, as acknowledged. */
  get created(): readonly string[] {
    return this.#clients.flatMap((client) => [...client.created]);
  }

  /** As "200: 17, 503: 4". */
  get statuses(): string {
    const sorted = [...this.#statuses].toSorted(([a], [b]) => a - b);
    return sorted.map(([status, count]) => `${status}: ${count}`).join(", ");
  }

  /** The longest time that a client went without an acknowledgement, since the last call. */
  takeLongestGapMs(): number {
    return Math.max(...this.#clients.map((client) => client.takeLongestGapMs()));
  }

  /** Resolves when every client has had so many more writes acknowledged, that began after this call. @throws Error after so long */
  async untilServed(count: number, withinMs: number): Promise<void> {
    const since = performance.now();
    const before = this.#clients.map((client) => client.tally.made);
    const isServed = (client: Client, index: number) =>
      client.lastMadeBegunAt > since && client.tally.made >= (before[index] ?? 0) + count;
    await pollUntil(async () => this.#clients.every(isServed), {
      ms: withinMs,
      intervalMs: 10,
      what: () => `${this.#clients.filter((client, index) => !isServed(client, index)).length} clients are not served`,
    });
  }

  /** Resolves when so many more requests have been answered, whatever with. */
  async untilAsked(count: number): Promise<void> {
    const least = this.#answers + count;
    while (this.#answers < least) await Bun.sleep(PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#runs);
  }

  /** Compares what a server at this URL has; after stop(). */
  async check(url: string): Promise<Verdict> {
    const verdicts = await Promise.all(this.#clients.map((client) => client.check(url)));
    return {
      lost: verdicts.reduce((sum, { lost }) => sum + lost, 0),
      differences: verdicts.flatMap(({ differences }) => differences),
    };
  }

  async #run(client: Client): Promise<void> {
    while (!this.#isStopping) {
      const begunAt = performance.now();
      const { status, problem } = await client.askOnce();
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begunAt);
      this.#answers++;
      this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
      if (problem !== null && this.problems.length < PROBLEMS_MAX) this.problems.push(problem);
      await Bun.sleep(status >= 500 ? BACK_OFF_MS : PAUSE_MS);
    }
    client.close();
  }

  #count(fate: Fate): number {
    return this.#clients.reduce((sum, { tally }) => sum + tally[fate], 0);
  }
}

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

class Client {
  readonly tally: Record<Fate, number> = { made: 0, refused: 0, unknown: 0 };
  /** When the last acknowledged write was sent. */
  lastMadeBegunAt = 0;
  readonly #url: string;
  readonly #random: SeededRandom;
  /** Of all its keys; `%7B` is an opening brace. */
  readonly #tag: string;
  readonly #created: Record<Fate, Set<string>> = { made: new Set(), refused: new Set(), unknown: new Set() };
  readonly #counted: Record<Fate, number> = { made: 0, refused: 0, unknown: 0 };
  /** Of the one key that is overwritten: the number last acknowledged, and later ones of which nobody knows. */
  #written = 0;
  #doubtful: number[] = [];
  #number = 0;
  #connection: KeptConnection | null = null;
  #lastMadeAt = performance.now();
  #longestGapMs = 0;

  constructor({ url, seed, name }: FaultLoadOptions, id: number) {
    this.#url = url;
    this.#random = makeSeededRandom(seed * 1000 + id);
    this.#tag = `${name}{${id}}`;
  }

  get created(): ReadonlySet<string> {
    return this.#created.made;
  }

  takeLongestGapMs(): number {
    const longest = Math.max(this.#longestGapMs, performance.now() - this.#lastMadeAt);
    this.#longestGapMs = 0;
    return longest;
  }

  async askOnce(): Promise<{ readonly status: number; readonly problem: string | null }> {
    const begunAt = performance.now();
    const kinds = [() => this.#put(), () => this.#create(), () => this.#count(), () => this.#read()];
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

  async check(url: string): Promise<Verdict> {
    const differences: string[] = [];
    const names = new Set(await readNames(`${url}/keys?keys&prefix=${encodeURIComponent(`${this.#tag}f`)}`));
    const gone = [...this.#created.made].filter((name) => !names.has(name));
    const undead = [...this.#created.refused].filter((name) => names.has(name));
    for (const name of gone) differences.push(`${name} was acknowledged and is gone`);
    for (const name of undead) differences.push(`${name} was refused and is there`);
    const counted = await readNumber(`${url}/keys/${encodeURIComponent(`${this.#tag}c`)}`);
    const { made, unknown } = this.#counted;
    if (counted < made || counted > made + unknown) {
      differences.push(`${this.#tag}c is ${counted}, of ${made} acknowledged and ${unknown} unknown`);
    }
    const written = await readNumber(`${url}/keys/${encodeURIComponent(`${this.#tag}w`)}`);
    if (written !== this.#written && !this.#doubtful.includes(written)) {
      differences.push(`${this.#tag}w is ${written}, and ${this.#written} was acknowledged`);
    }
    const lost = gone.length + Math.max(0, made - counted) + (written < this.#written ? 1 : 0);
    return { lost, differences };
  }

  #put(): Asked {
    const number = ++this.#number;
    return this.#asked("PUT", "w", {
      fields: TEXT,
      body: String(number),
      successes: [200, 201],
      note: (fate) => {
        if (fate === "unknown") this.#doubtful.push(number);
        if (fate !== "made") return;
        this.#written = number;
        this.#doubtful = [];
      },
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
        // What it answers settles what was in doubt before.
        if (fate !== "made") return;
        const sum = this.#counted.made + this.#counted.unknown;
        this.#counted.made = numberIn(body);
        this.#counted.unknown = sum - this.#counted.made;
      },
      judge: ({ body }) => {
        const number = numberIn(body);
        const { made, unknown } = this.#counted;
        const isRight = number > made && number <= made + unknown + 1;
        return isRight ? null : `answered ${number}, with ${made} acknowledged and ${unknown} unknown`;
      },
    });
  }

  #read(): Asked {
    return {
      ...this.#asked("GET", "w", { fields: {}, body: "", successes: this.#written > 0 ? [200] : [200, 404] }),
      note: null,
      judge: ({ status, body }) => {
        const number = status === 404 ? 0 : numberIn(body);
        const isRight = number === this.#written || this.#doubtful.includes(number);
        return isRight ? null : `read ${number}, with ${this.#written} acknowledged`;
      },
    };
  }

  #asked(
    method: string,
    name: string,
    rest: Pick<Asked, "fields" | "body" | "successes"> & Partial<Pick<Asked, "note" | "judge">>,
  ): Asked {
    const line = `${method} /keys/${encodeURIComponent(`${this.#tag}${name}`)}`;
    return { line, note: null, judge: () => null, ...rest };
  }

  /** The answer, or how there came to be none. */
  async #send({ line, fields, body }: Asked): Promise<KeptAnswer | string> {
    try {
      this.#connection ??= await KeptConnection.open(this.#url);
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

async function readNames(url: string): Promise<readonly string[]> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`GET ${url} was answered ${response.status}: ${await response.text()}`);
  const names: readonly string[] = JSON.parse(await response.text());
  return names;
}

/** 0 where there is no entry. */
async function readNumber(url: string): Promise<number> {
  const response = await fetch(url, { headers: { Accept: "text/plain, application/octet-stream" } });
  const text = await response.text();
  if (response.status === 404) return 0;
  if (response.status !== 200) throw new Error(`GET ${url} was answered ${response.status}: ${text}`);
  return Number(text);
}
