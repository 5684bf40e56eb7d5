// One epoch of transactions: clients that ask for several keys at once, while their server dies and stands still, and the record of it.
// At its end it is found out of each that got no answer whether it was carried out, by its receipt, once its server is gone.
import { LostConnection } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { type ClientConnection, ClientConnections } from "../client-connections.ts";
import type { FailingServer } from "../failing-server.ts";
import { readJson, readTold, renderAsked, type Told } from "./asked-exchange.ts";
import type { AskedOnce } from "./check-transactions.ts";
import { type Asked, drawAsked, isWriting, OPENING, type Receipt } from "./draw-asked.ts";

export interface EpochOptions {
  readonly server: FailingServer;
  /** Where clients connect to: the server's own, or that of a proxy before it. */
  readonly url: string;
  readonly random: SeededRandom;
  readonly transactions: number;
  /** Whether nothing has been asked of the store before. */
  readonly isFirst: boolean;
}

export interface Epoch {
  readonly all: readonly AskedOnce[];
  /** Of those that wrote, or would have. */
  readonly unanswered: number;
  /** What stands at the end, all of it, as `?meta` shows it. */
  readonly entries: readonly unknown[];
}

interface Unanswered {
  readonly asked: Asked;
  readonly client: number;
  readonly calledAt: number;
  readonly receipt: Receipt;
  readonly life: number;
}

const CLIENTS_MIN = 8;
const CLIENTS_MAX = 48;
const KILLS = 1;
const PAUSES = 1;
/** Receipts that are thrown away in one transaction. */
const RECEIPTS_AT_ONCE = 100;

export function recordTransactions(options: EpochOptions): Promise<Epoch> {
  return new EpochRun(options).run();
}

class EpochRun {
  readonly #options: EpochOptions;
  readonly #host: string;
  readonly #clients: number;
  readonly #connections: ClientConnections;
  readonly #faultsAt = new Map<number, () => Promise<void>>();
  readonly #faults: Promise<void>[] = [];
  readonly #all: AskedOnce[] = [];
  readonly #unanswered: Unanswered[] = [];
  readonly #receipts = new Set<string>();
  readonly #seen = new Map<string, number | null>();
  #begun = 0;
  #instant = 0;

  constructor(options: EpochOptions) {
    const { server, random, transactions, url } = options;
    this.#options = options;
    this.#host = new URL(url).host;
    this.#clients = CLIENTS_MIN + random.below(CLIENTS_MAX - CLIENTS_MIN + 1);
    this.#connections = new ClientConnections(server, url);
    const moment = () => Math.floor(transactions / 10) + random.below(Math.floor((transactions * 8) / 10));
    for (let kill = 0; kill < KILLS; kill++) this.#faultsAt.set(moment(), () => server.kill());
    for (let pause = 0; pause < PAUSES; pause++) {
      this.#faultsAt.set(moment(), () => this.#connections.pause(random));
    }
  }

  async run(): Promise<Epoch> {
    try {
      if (this.#options.isFirst) await this.#askUntilAnswered({ kind: "transaction", transaction: OPENING });
      await Promise.all(Array.from({ length: this.#clients }, (_, client) => this.#contend(client)));
      await Promise.all(this.#faults);
      await this.#settle();
      await this.#dropReceipts();
      const entries = readJson(await this.#fetch("/keys?meta"));
      return { all: this.#all, unanswered: this.#unanswered.length, entries };
    } finally {
      this.#connections.close();
    }
  }

  async #contend(client: number): Promise<void> {
    const { transactions, random } = this.#options;
    for (let attempt = 0; this.#begun < transactions && !this.#connections.isSilent; attempt++) {
      const connected = await this.#connections.connect(client);
      // That of one without an answer is left as it is.
      const key = `r${client}x${attempt}`;
      try {
        while (this.#begun < transactions && !this.#connections.isSilent) {
          const number = this.#begun++;
          const fault = this.#faultsAt.get(number);
          if (fault !== undefined) this.#begin(fault());
          const receipt = { key, value: String(number) };
          await this.#ask({ client, ...connected }, drawAsked(random, this.#seen, receipt), receipt);
        }
      } catch (error) {
        if (!(error instanceof LostConnection)) throw error;
      }
    }
  }

  #begin(fault: Promise<void>): void {
    // Where it fails, whoever waits for all of them is told.
    fault.catch(() => {});
    this.#faults.push(fault);
  }

  async #ask(
    { client, life, connection }: ClientConnection & { readonly client: number },
    asked: Asked,
    receipt: Receipt,
  ): Promise<void> {
    const calledAt = this.#instant++;
    let told: Told | null = { kind: "unknown" };
    try {
      told = readTold(asked, await connection.send(renderAsked(asked, this.#host)));
      this.#connections.heard();
    } finally {
      const isWrite = asked.kind !== "read" && isWriting(asked.transaction);
      if (told?.kind === "unknown" && isWrite) {
        this.#unanswered.push({ asked, client, calledAt, receipt, life: life.number });
      }
      if (isWrite) this.#receipts.add(receipt.key);
      if (told !== null && told.kind !== "unknown") {
        this.#all.push({ client, asked, told, calledAt, endedAt: this.#instant++ });
        this.#see(told);
      }
    }
  }

  /** What a later condition may rest on. */
  #see(told: Told): void {
    const text = JSON.stringify(told);
    for (const [, key = "", revision] of text.matchAll(/"key":"(\w+)",(?:"value":[^{}]*?)?"revision":(\d+|null)/g)) {
      this.#seen.set(key, revision === "null" ? null : Number(revision));
    }
  }

  /** When nothing can be carried out any more that is not known of. */
  async #settle(): Promise<void> {
    const life = await this.#options.server.life;
    if (this.#unanswered.some((each) => each.life === life.number)) await this.#options.server.kill();
    for (const { asked, client, calledAt, receipt } of this.#unanswered) {
      const [entry] = readJson(await this.#fetch(`/keys?meta&key=${receipt.key}`));
      if (entry === undefined || entry.value !== receipt.value) continue;
      const told: Told = { kind: "committed", revision: entry.revision, results: null };
      this.#all.push({ client, asked, told, calledAt, endedAt: Number.POSITIVE_INFINITY });
    }
  }

  async #dropReceipts(): Promise<void> {
    const keys = [...this.#receipts];
    while (keys.length > 0) {
      const ops = keys.splice(0, RECEIPTS_AT_ONCE).map((key) => ({ delete: { key } }));
      await this.#askUntilAnswered({ kind: "transaction", transaction: { checks: [], ops, else: [] } });
    }
  }

  /** While nothing fails; what it writes needs no receipt. */
  async #askUntilAnswered(asked: Asked): Promise<void> {
    const connected = await this.#connections.connect(this.#clients);
    await this.#ask({ client: this.#clients, ...connected }, asked, { key: "none", value: "" });
    this.#receipts.delete("none");
  }

  /** From the server itself, whatever is before it. */
  async #fetch(target: string): Promise<string> {
    return (await fetch(`${this.#options.server.url}${target}`)).text();
  }
}
