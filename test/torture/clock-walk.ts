// One store whose server's wall clock is turned again and again: one round of clock.ts. It keeps the bounds between which the clock of
// the store must be, from what the store has told, the true time that has passed since, and what the wall clock stands at.
import { mkdirSync } from "node:fs";
import { FakedClock } from "../support/faked-clock.ts";
import { forgetInstant, moveEnds } from "../support/forged-database.ts";
import { type KeptAnswer, KeptConnection } from "../support/kept-connection.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";

export interface ClockWalkOptions {
  readonly seed: number;
  readonly plant: string | null;
  /** Made here. */
  readonly directory: string;
}

interface Meta {
  readonly revision: number;
  readonly modifiedAt: number;
  /** Null for never. */
  readonly expiresAt: number | null;
}

/** What the store's clock told, and between which true instants, of performance.now(), it was asked. */
interface Told {
  readonly now: number;
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;
/** How far ahead of the true clock the wall clock is turned. */
const AHEAD_MS = [
  0,
  SECOND,
  -SECOND,
  2 * SECOND,
  -2 * SECOND,
  90 * SECOND,
  -90 * SECOND,
  HOUR,
  -HOUR,
  DAY,
  -DAY,
  YEAR,
  -YEAR,
];
/** How long entries live, in s: some end with each turn, others do not. */
const LIVES_S = [1, 2, 30, 80, 100, 3590, 3610, 86_390, 86_410, 31_535_900, 31_536_100];
const TURNS = 5;
const WRITES_A_TURN = 6;
/** By which a thread's clock may be behind another's, where it was held up while it read both of its own. */
const LAG_MS = 2000;
const CONNECTIONS = 3;
const KEYS = 30;
/** Of rounding, and of what a disciplined machine's clock moves meanwhile. */
const TOLERANCE_MS = 10;

export class ClockWalk {
  readonly faults: string[] = [];
  readonly sums = { turns: 0, restarts: 0, instants: 0, writes: 0, alive: 0, ended: 0 };
  readonly #options: ClockWalkOptions;
  readonly #random: SeededRandom;
  readonly #clock: FakedClock;
  readonly #store: string;
  readonly #entries = new Map<string, Meta>();
  #server: ServerProcess | null = null;
  #connections: readonly KeptConnection[] = [];
  #last: Told | null = null;
  #furthest = { at: 0, readAtMs: 0 };
  /** Since it told the last one. */
  #hasRestarted = false;
  /** Of the last acknowledged write: where a later server must not begin before. */
  #stored: Meta = { revision: 0, modifiedAt: 0, expiresAt: null };

  constructor(options: ClockWalkOptions) {
    this.#options = options;
    this.#random = makeSeededRandom(options.seed);
    mkdirSync(options.directory);
    this.#clock = new FakedClock(`${options.directory}/ahead`);
    this.#store = `${options.directory}/store`;
  }

  /** Turns under the server; then, twice, a time that is over once it is down; and turns again. */
  async run(): Promise<void> {
    await this.#start();
    for (let restart = 0; restart < 3; restart++) {
      for (let turn = 0; turn < TURNS; turn++) await this.#turnTo(this.#random.pick(AHEAD_MS));
      if (this.faults.length > 0) return;
      if (restart < 2) await this.#restartSetBack();
    }
    const code = await this.#stop("SIGTERM");
    if (code !== 0) this.faults.push(`SIGTERM ended the server with ${code}`);
  }

  async end(): Promise<void> {
    await this.#stop("SIGKILL");
  }

  async #turnTo(aheadMs: number): Promise<void> {
    // Up to now it may have been followed.
    this.#highest(performance.now());
    this.#clock.turn(aheadMs);
    this.sums.turns++;
    await this.#look();
    for (let write = 0; write < WRITES_A_TURN; write++) await this.#write();
    for (const [key, meta] of this.#entries) await this.#read(key, meta);
  }

  /** Writes at a time that the clock is then set back from, while no server runs. */
  async #restartSetBack(): Promise<void> {
    const span = this.#random.pick([SECOND, 90 * SECOND, HOUR, DAY, YEAR]);
    await this.#turnTo(this.#clock.aheadMs + span);
    await this.#write();
    await this.#stop(this.#random.oneIn(3) ? "SIGTERM" : "SIGKILL");
    this.#plant();
    this.#clock.turn(this.#clock.aheadMs - span - this.#random.below(2) * HOUR);
    this.sums.turns++;
    this.sums.restarts++;
    await this.#start();
    this.#hasRestarted = true;
    await this.#look();
    for (const [key, meta] of this.#entries) await this.#read(key, meta);
    await this.#write();
  }

  async #start(): Promise<void> {
    const workers = String(1 + this.#random.below(2));
    this.#server = await startServerProcess(["--store", this.#store, "--workers", workers], this.#clock.wrapper);
    const { url } = this.#server;
    this.#connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => KeptConnection.open(url)));
  }

  async #stop(signal: NodeJS.Signals): Promise<number | null> {
    for (const connection of this.#connections) connection.close();
    this.#server?.kill(signal);
    const code = (await this.#server?.exited) ?? null;
    this.#server = null;
    return code;
  }

  /** Asks the store for its time, and holds that against the last one, the true time since, and the wall clock. */
  async #look(): Promise<void> {
    const leastWall = this.#clock.now();
    const { body, askedAtMs, answeredAtMs } = await this.#ask("GET /-/info");
    const now = Date.parse(/"now": *"([^"]+)"/.exec(body)?.[1] ?? "");
    const from = this.#hasRestarted ? Math.max(this.#stored.modifiedAt, leastWall) : this.#least(askedAtMs, leastWall);
    const to = this.#highest(answeredAtMs);
    if (!(now >= from - TOLERANCE_MS && now <= to + TOLERANCE_MS)) {
      this.faults.push(`the store's clock tells ${show(now)}, and must be from ${show(from)} to ${show(to)}`);
    }
    this.#last = { now, askedAtMs, answeredAtMs };
    this.#hasRestarted = false;
    this.sums.instants++;
  }

  /** What the store's clock has reached by then: what it told, and has gone on since; and the wall clock. */
  #least(atMs: number, wall: number): number {
    const last = this.#last;
    return last === null ? wall : Math.max(wall, last.now, last.now + atMs - last.answeredAtMs - LAG_MS);
  }

  /** What it cannot have passed: the furthest that the wall clock has stood at, and the true time since. */
  #highest(atMs: number): number {
    const carried = this.#furthest.at + atMs - this.#furthest.readAtMs;
    this.#furthest = { at: Math.max(carried, this.#clock.now()), readAtMs: atMs };
    return this.#furthest.at;
  }

  async #write(): Promise<void> {
    const key = `e${this.#random.below(KEYS)}`;
    const lifeS = this.#random.oneIn(6) ? null : this.#random.pick(LIVES_S);
    const endsAt = lifeS !== null && this.#random.oneIn(3) ? (this.#last?.now ?? 0) + lifeS * SECOND : null;
    const query = endsAt !== null ? `?expire_at=${show(endsAt)}` : lifeS !== null ? `?expire_in=${lifeS}` : "";
    const { status, head, body, answeredAtMs } = await this.#ask(`PUT /keys/${key}${query}`, "v");
    // On a busy machine a short life may be over before the request is there.
    if (status === 400 && endsAt !== null && endsAt <= this.#highest(answeredAtMs)) return;
    if (status !== 200 && status !== 201) return void this.faults.push(`PUT /keys/${key}${query}: ${status} ${body}`);
    this.sums.writes++;
    const revision = Number(/\r\nrevision: *(\d+)/i.exec(head)?.[1]);
    if (!(revision > this.#stored.revision)) {
      this.faults.push(`${key} was written as revision ${revision}, after revision ${this.#stored.revision}`);
    }
    const answer = await this.#ask(`GET /keys/${key}?meta`);
    this.#entries.delete(key);
    // A short life may be over by now: nothing is known of it then but that it was written.
    if (answer.status === 404 && lifeS !== null) return;
    const meta = readMeta(answer.body);
    const expected = endsAt ?? (lifeS === null ? null : meta.modifiedAt + lifeS * SECOND);
    if (meta.revision !== revision || meta.expiresAt !== expected || meta.modifiedAt < this.#stored.modifiedAt) {
      this.faults.push(
        `${key} of revision ${revision}, to end at ${expected} and not before ${this.#stored.modifiedAt}, is ${answer.body}`,
      );
    }
    this.#stored = meta;
    this.#entries.set(key, meta);
  }

  async #read(key: string, meta: Meta): Promise<void> {
    const wall = this.#clock.now();
    const { status, body, askedAtMs, answeredAtMs } = await this.#ask(`GET /keys/${key}?meta`);
    const least = this.#least(askedAtMs, wall);
    const highest = this.#highest(answeredAtMs);
    const { expiresAt } = meta;
    if (status === 404) {
      this.sums.ended++;
      if (expiresAt === null || expiresAt > highest + TOLERANCE_MS) {
        this.faults.push(`${key} is gone before its end at ${expiresAt === null ? "no time" : show(expiresAt)}`);
      }
      return;
    }
    this.sums.alive++;
    if (expiresAt !== null && expiresAt <= least - TOLERANCE_MS) {
      this.faults.push(`${key} is there after its end at ${show(expiresAt)}: the store's clock is at ${show(least)}`);
    }
    const found = status === 200 ? readMeta(body) : null;
    const isSame =
      found?.revision === meta.revision && found.modifiedAt === meta.modifiedAt && found.expiresAt === expiresAt;
    if (!isSame) this.faults.push(`${key} was ${JSON.stringify(meta)}, and is answered ${status} ${body}`);
  }

  async #ask(line: string, body = ""): Promise<KeptAnswer & Pick<Told, "askedAtMs" | "answeredAtMs">> {
    const connection = this.#random.pick(this.#connections);
    const askedAtMs = performance.now();
    const fields: Readonly<Record<string, string>> = body === "" ? {} : { "Content-Type": "text/plain" };
    const answer = await connection.send(connection.render(line, fields, body));
    return { ...answer, askedAtMs, answeredAtMs: performance.now() };
  }

  #plant(): void {
    const { plant } = this.#options;
    const database = `${this.#store}/keyhold.db`;
    if (plant === "forgotten-instant") forgetInstant(database);
    if (plant === "altered-end") moveEnds(database, -SECOND);
  }
}

/** Of an entry as `?meta` shows it. */
function readMeta(body: string): Meta {
  const shown: { readonly revision: number; readonly modified_at: string; readonly expires_at: string | null } =
    JSON.parse(body);
  const expiresAt = shown.expires_at === null ? null : Date.parse(shown.expires_at);
  return { revision: shown.revision, modifiedAt: Date.parse(shown.modified_at), expiresAt };
}

function show(instant: number): string {
  return Number.isFinite(instant) ? new Date(instant).toISOString() : String(instant);
}
