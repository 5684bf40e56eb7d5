// One primary that Sentinels name. They are all asked each second and whenever the primary fails, and who they name is believed
// once it says itself that it is a primary. While no Sentinel can be reached, the primary that is known stays.
import type { ConnectionOptions, ServerAccess, ServerAddress } from "./connection.ts";
import { ConnectionLost } from "./connection.ts";
import { LazyConnection } from "./lazy-connection.ts";
import { type NodePool, nameOf } from "./node-pool.ts";
import { within } from "./pause.ts";
import { ReplyError } from "./reply.ts";
import { parseSentinelAnswer, rankAnswers, type SentinelAnswer } from "./sentinel-answers.ts";
import type { ServerNode } from "./server-node.ts";
import type { ServerLog } from "./servers.ts";
import { SingleFlight } from "./single-flight.ts";
import type { ServerMap } from "./topology.ts";

export interface SentinelOptions {
  readonly sentinels: readonly ServerAddress[];
  readonly masterName: string;
  readonly access: ServerAccess;
  readonly log: ServerLog;
}

const REFRESH_INTERVAL_MS = 1000;
const REFRESH_AGAIN_MS = 100;
/** A Sentinel that takes longer is done without. */
const ANSWER_MS = 500;

export class SentinelMap implements ServerMap {
  readonly kind = "sentinel";
  readonly refreshIntervalMs = REFRESH_INTERVAL_MS;
  readonly #options: SentinelOptions;
  readonly #pool: NodePool;
  readonly #sentinels: readonly { readonly name: string; readonly line: LazyConnection }[];
  readonly #refresh = new SingleFlight(() => this.#look(), REFRESH_AGAIN_MS);
  #primary: ServerNode | null = null;
  #trouble: string | null = "No Sentinel has been asked yet";

  constructor(options: SentinelOptions, pool: NodePool) {
    this.#options = options;
    this.#pool = pool;
    this.#sentinels = options.sentinels.map((address) => ({
      name: nameOf(address),
      line: new LazyConnection(connectionOptions(address, options.access)),
    }));
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  primaryOf(): ServerNode | null {
    return this.#primary;
  }

  primaries(): readonly ServerNode[] {
    return this.#primary === null ? [] : [this.#primary];
  }

  redirect(): null {
    return null;
  }

  refresh(): Promise<void> {
    return this.#refresh.request();
  }

  close(): void {
    for (const { line } of this.#sentinels) line.close();
  }

  async #look(): Promise<void> {
    const heard = await Promise.all(this.#sentinels.map((sentinel) => this.#ask(sentinel)));
    const answers = heard.filter((answer) => typeof answer !== "string");
    if (answers.length === 0) {
      this.#trouble = heard.filter((answer) => typeof answer === "string").join("; ");
      return;
    }
    for (const address of rankAnswers(answers)) {
      const node = this.#pool.at(address);
      if (!(await isPrimary(node))) continue;
      this.#trouble = null;
      this.#take(node);
      return;
    }
    const named = rankAnswers(answers).map(nameOf).join(" and ");
    this.#trouble = `The Sentinels name ${named}, which does not say that it is a primary`;
  }

  #take(node: ServerNode): void {
    if (node === this.#primary) return;
    const before = this.#primary;
    this.#primary = node;
    this.#pool.keepOnly(new Set([node]));
    if (before === null) return;
    this.#options.log.warn(
      "primary-changed",
      `The primary is ${nameOf(node.address)} and was ${nameOf(before.address)}`,
    );
  }

  /** What it answers, or what is wrong with it. */
  async #ask({
    name,
    line,
  }: {
    readonly name: string;
    readonly line: LazyConnection;
  }): Promise<SentinelAnswer | string> {
    const { masterName } = this.#options;
    try {
      const replies = await within(ANSWER_MS, this.#replies(line), null);
      if (replies === null) return `Sentinel ${name} has not answered within ${ANSWER_MS} ms`;
      const [named, described] = replies;
      if (named instanceof ReplyError) return `Sentinel ${name} answers ${named.message}`;
      return parseSentinelAnswer(named, described) ?? `Sentinel ${name} knows no primary called ${masterName}`;
    } catch (error) {
      if (error instanceof ConnectionLost) return `Sentinel ${error.message}`;
      throw error;
    }
  }

  async #replies(line: LazyConnection) {
    const connection = await line.get();
    const { masterName } = this.#options;
    return Promise.all([
      connection.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]),
      connection.send(["SENTINEL", "MASTER", masterName]),
    ]);
  }
}

/** As it says itself; as it said last, where it takes too long. */
async function isPrimary(node: ServerNode): Promise<boolean> {
  await within(ANSWER_MS, node.look(), null);
  return node.trouble === null && node.health?.isPrimary === true;
}

function connectionOptions(address: ServerAddress, access: ServerAccess): ConnectionOptions {
  return {
    address,
    access: { ...access, database: 0 },
    connectTimeoutMs: ANSWER_MS,
    stallMs: ANSWER_MS * 2,
    inFlightMax: 100,
    queuedBytesMax: 1024 * 1024,
  };
}
