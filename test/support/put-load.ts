// Connections that put new keys one after the other, for as long as the server answers, and remember what was acknowledged when.
import { KeptConnection } from "./kept-connection.ts";

export interface AcknowledgedPut {
  readonly key: string;
  readonly revision: number;
  /** Of performance.now(). */
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
}

export interface PutLoadOptions {
  readonly url: string;
  readonly connections: number;
  /** Of letters and digits: what the keys begin with. */
  readonly prefix: string;
}

/** Between two looks. */
const PAUSE_MS = 2;
/** Surely not made. */
const REFUSALS = [503, 507];

export class PutLoad {
  readonly acknowledged: AcknowledgedPut[] = [];
  readonly refused: string[] = [];
  /** Neither: 504, or no answer. */
  readonly unknown: string[] = [];
  /** Answers that there must not be. */
  readonly problems: string[] = [];
  #isStopping = false;
  #hasEnded = false;
  readonly #runs: readonly Promise<void>[];

  constructor({ url, connections, prefix }: PutLoadOptions) {
    this.#runs = Array.from({ length: connections }, (_, index) => this.#run(url, `${prefix}x${index}x`));
    void this.ended().then(() => {
      this.#hasEnded = true;
    });
  }

  /** Resolves when so many more are acknowledged, or all connections have come to an end. */
  async untilMore(count: number): Promise<void> {
    const least = this.acknowledged.length + count;
    while (this.acknowledged.length < least && !this.#hasEnded) await Bun.sleep(PAUSE_MS);
  }

  /** Resolves when the server has answered what is under way, or has gone. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.ended();
  }

  /** Resolves when no connection is left. */
  async ended(): Promise<void> {
    await Promise.all(this.#runs);
  }

  /** One sentence for each difference from what a server at this URL has now. */
  async differences(url: string): Promise<readonly string[]> {
    const response = await fetch(`${url}/keys?keys`);
    const names: readonly string[] = JSON.parse(await response.text());
    const held = new Set(names);
    return [
      ...this.acknowledged.filter(({ key }) => !held.has(key)).map(({ key }) => `${key} was acknowledged and is gone`),
      ...this.refused.filter((key) => held.has(key)).map((key) => `${key} was refused and is there`),
    ];
  }

  async #run(url: string, prefix: string): Promise<void> {
    const connection = await KeptConnection.open(url).catch(() => null);
    for (let number = 0; connection !== null && !this.#isStopping; number++) {
      const key = `${prefix}${number}`;
      const askedAtMs = performance.now();
      const answer = await connection.send(connection.render(`PUT /${key}`, {}, key)).catch(() => null);
      if (answer?.status === 201) {
        const revision = Number(/\r\nrevision: *(\d+)/i.exec(answer.head)?.[1]);
        this.acknowledged.push({ key, revision, askedAtMs, answeredAtMs: performance.now() });
      } else if (answer !== null && REFUSALS.includes(answer.status)) this.refused.push(key);
      else this.unknown.push(key);
      if (answer === null) return;
      if (![201, 504, ...REFUSALS].includes(answer.status)) {
        this.problems.push(`PUT /${key} was answered ${answer.status}: ${answer.body.slice(0, 300)}`);
      }
    }
    connection?.close();
  }
}
