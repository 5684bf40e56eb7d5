// One epoch: clients that contend for a few keys at a time, while their server dies, stops and syncs slowly, and the record of all that
// they asked and were told. An epoch has keys of its own, so that the history of each is short and begins with no entry.
import { LostConnection } from "../../support/kept-connection.ts";
import type { SeededRandom } from "../../support/seeded-random.ts";
import { type ClientConnection, ClientConnections } from "../client-connections.ts";
import type { FailingServer, Life } from "../failing-server.ts";
import { drawRequest, type Told } from "./draw-request.ts";
import { readAnswer, renderRequest } from "./key-exchange.ts";
import type { Answer, Operation, Request } from "./key-model.ts";

export interface EpochOptions {
  readonly server: FailingServer;
  /** Where clients connect to: the server's own, or that of a proxy before it. */
  readonly url: string;
  readonly random: SeededRandom;
  /** What the names of the keys begin with. */
  readonly name: string;
  readonly operations: number;
  readonly kills: number;
}

export interface Epoch {
  /** Of each key, by its name, in no order. */
  readonly histories: ReadonlyMap<string, readonly Operation[]>;
  /** Refused with 503, which says that nothing was done. */
  readonly refused: number;
}

interface Recorded extends Operation {
  endedAt: number;
}

interface KeyUse {
  readonly name: string;
  readonly number: number;
  readonly operations: Recorded[];
  told: Told;
  underWay: number;
  /** Writes that are under way, or may be. */
  openWrites: number;
}

const CLIENTS_MIN = 16;
const CLIENTS_MAX = 64;
/** Clients for each key that is written at a time. */
const CONTENTION = 6;
const OPERATIONS_A_KEY = 350;
const UNDER_WAY_MAX = 20;
/** Writes that nobody knows of have to be tried in every order. */
const OPEN_WRITES_MAX = 6;
const PAUSES = 2;

export async function recordEpoch(options: EpochOptions): Promise<Epoch> {
  const epoch = new EpochRun(options);
  return epoch.run();
}

class EpochRun {
  readonly #options: EpochOptions;
  readonly #host: string;
  readonly #clients: number;
  readonly #keys: KeyUse[] = [];
  readonly #connections: ClientConnections;
  /** What is to be done when so many operations have begun. */
  readonly #faultsAt = new Map<number, () => Promise<void>>();
  readonly #faults: Promise<void>[] = [];
  /** Of each life of the server, what may still be done before it ends. */
  readonly #open = new Map<number, { readonly use: KeyUse; readonly operation: Recorded }[]>();
  #begun = 0;
  #refused = 0;
  #instant = 0;

  constructor(options: EpochOptions) {
    const { random, operations, kills, url } = options;
    this.#options = options;
    this.#connections = new ClientConnections(options.server, url);
    this.#host = new URL(url).host;
    this.#clients = CLIENTS_MIN + random.below(CLIENTS_MAX - CLIENTS_MIN + 1);
    const moment = () => Math.floor(operations / 10) + random.below(Math.floor((operations * 8) / 10));
    for (let kill = 0; kill < kills; kill++) this.#faultsAt.set(moment(), () => options.server.kill());
    for (let pause = 0; pause < PAUSES; pause++) this.#faultsAt.set(moment(), () => this.#connections.pause(random));
  }

  async run(): Promise<Epoch> {
    try {
      await Promise.all(Array.from({ length: this.#clients }, (_, client) => this.#contend(client)));
      await Promise.all(this.#faults);
      await this.#readAll();
    } finally {
      this.#connections.close();
    }
    const histories = new Map(this.#keys.map(({ name, operations }) => [name, operations]));
    return { histories, refused: this.#refused };
  }

  async #contend(client: number): Promise<void> {
    const { operations, random } = this.#options;
    while (this.#begun < operations && !this.#connections.isSilent) {
      const connected = await this.#connections.connect(client);
      try {
        while (this.#begun < operations && !this.#connections.isSilent) {
          const number = this.#begun++;
          const fault = this.#faultsAt.get(number);
          if (fault !== undefined) this.#begin(fault());
          const use = this.#pickKey();
          const mayWrite = use.openWrites < OPEN_WRITES_MAX;
          const request = drawRequest(random, { keyNumber: use.number, number, told: use.told, mayWrite });
          await this.#ask({ client, ...connected }, use, request);
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

  /** Among those of this moment, which move on as the operations do. */
  #pickKey(): KeyUse {
    const { random } = this.#options;
    const atOnce = Math.max(2, Math.round(this.#clients / CONTENTION));
    const first = Math.floor(this.#begun / OPERATIONS_A_KEY);
    for (;;) {
      const use = this.#keyAt(first + random.below(atOnce));
      if (use.underWay < UNDER_WAY_MAX) return use;
    }
  }

  #keyAt(number: number): KeyUse {
    while (this.#keys.length <= number) {
      const name = `${this.#options.name}k${this.#keys.length}`;
      const told = { tag: null, value: null };
      this.#keys.push({ name, number: this.#keys.length, operations: [], told, underWay: 0, openWrites: 0 });
    }
    const use = this.#keys[number];
    if (use === undefined) throw new Error(`There is no key ${number}`);
    return use;
  }

  async #ask(
    { client, life, connection }: ClientConnection & { readonly client: number },
    use: KeyUse,
    request: Request,
  ): Promise<void> {
    const isWrite = request.kind !== "read";
    const calledAt = this.#instant++;
    use.underWay++;
    if (isWrite) use.openWrites++;
    let answer: Answer | null = { kind: "unknown" };
    try {
      const kept = await connection.send(renderRequest(request, use.name, this.#host));
      answer = readAnswer(request, use.name, kept);
      this.#connections.heard();
    } finally {
      // A read without an answer has seen nothing.
      const isOpen = isWrite && answer?.kind === "unknown";
      const operation = { client, request, answer: answer ?? { kind: "unknown" }, calledAt, endedAt: this.#instant++ };
      if (isOpen) this.#leaveOpen(life, use, operation);
      else {
        use.underWay--;
        if (isWrite) use.openWrites--;
      }
      if (answer === null) this.#refused++;
      else if (isOpen || answer.kind !== "unknown") use.operations.push(operation);
      if (answer !== null && "entry" in answer && answer.entry !== null && answer.kind !== "removed") {
        const { tag, value } = answer.entry;
        use.told = { tag: tag ?? use.told.tag, value: value ?? use.told.value };
      }
    }
  }

  /** It may be carried out as long as its server lives. */
  #leaveOpen(life: Life, use: KeyUse, operation: Recorded): void {
    operation.endedAt = Number.POSITIVE_INFINITY;
    const known = this.#open.get(life.number);
    if (known !== undefined) {
      known.push({ use, operation });
      return;
    }
    const open = [{ use, operation }];
    this.#open.set(life.number, open);
    void life.ended.then(() => {
      // A connection may tell of the end later than the process does.
      this.#open.delete(life.number);
      for (const each of open) {
        each.operation.endedAt = this.#instant++;
        each.use.underWay--;
        each.use.openWrites--;
      }
    });
  }

  /** What stands at the end is part of the history. */
  async #readAll(): Promise<void> {
    const connected = await this.#connections.connect(0);
    for (const use of this.#keys)
      await this.#ask({ client: 0, ...connected }, use, { kind: "read", view: "entry", tag: null });
  }
}
