// Many primaries, each with some of the slots. Who has which is asked of a few nodes at a time, in turn over all that are
// known, so that one that is dead or cut off does not stand in the way for long; redirections correct single slots meanwhile.

import { bestView, type ClusterView, parseClusterView, SLOTS } from "./cluster-answers.ts";
import type { ServerAddress } from "./connection.ts";
import { ConnectionLost } from "./connection.ts";
import type { NodePool } from "./node-pool.ts";
import { pause, within } from "./pause.ts";
import { ReplyError } from "./reply.ts";
import { nameOf } from "./server-name.ts";
import type { ServerNode } from "./server-node.ts";
import type { ServerLog } from "./servers.ts";
import { SingleFlight } from "./single-flight.ts";
import { type Redirection, resolveHost, type ServerMap } from "./topology.ts";

export interface ClusterOptions {
  readonly seeds: readonly ServerAddress[];
  readonly log: ServerLog;
}

const REFRESH_INTERVAL_MS = 10_000;
const REFRESH_AGAIN_MS = 100;
/** Asked at once, so that one that is cut off is seen to be. */
const ASKED_NODES = 3;
const ANSWER_MS = 500;
/** Once one has answered, the others are waited for no longer than this. */
const FURTHER_ANSWERS_MS = 50;

export class ClusterMap implements ServerMap {
  readonly kind = "cluster";
  readonly refreshIntervalMs = REFRESH_INTERVAL_MS;
  readonly #log: ServerLog;
  readonly #pool: NodePool;
  readonly #seeds: readonly ServerNode[];
  readonly #refresh = new SingleFlight(() => this.#look(), REFRESH_AGAIN_MS);
  /** By slot. */
  #owners: (ServerNode | null)[] = new Array<ServerNode | null>(SLOTS).fill(null);
  #primaries: readonly ServerNode[] = [];
  /** Named by redirections since the last two looks: a view that does not know of them yet does not end their connections. */
  #named: readonly Set<ServerNode>[] = [new Set(), new Set()];
  #trouble: string | null = "No node has been asked yet";
  #turn = 0;

  constructor({ seeds, log }: ClusterOptions, pool: NodePool) {
    this.#log = log;
    this.#pool = pool;
    this.#seeds = seeds.map((address) => pool.at(address));
  }

  get trouble(): string | null {
    return this.#trouble;
  }

  primaryOf(slot: number): ServerNode | null {
    return this.#owners[slot] ?? null;
  }

  primaries(): readonly ServerNode[] {
    return this.#primaries;
  }

  redirect(slot: number, { address, by, isForGood }: Redirection): ServerNode {
    const node = this.#pool.at({ host: resolveHost(address.host, by.address), port: address.port });
    this.#named[0]?.add(node);
    if (!isForGood) return node;
    this.#owners[slot] = node;
    if (!this.#primaries.includes(node)) this.#primaries = [...this.#primaries, node];
    return node;
  }

  refresh(): Promise<void> {
    return this.#refresh.request();
  }

  close(): void {}

  async #look(): Promise<void> {
    const answers: (ClusterView | string)[] = [];
    const asking = this.#nextNodes().map(async (node) => {
      const answer = await askNode(node);
      answers.push(answer);
      if (typeof answer === "string") throw new Error(answer);
    });
    const first = Promise.any(asking).catch(() => {});
    await Promise.race([Promise.allSettled(asking), first.then(() => pause(FURTHER_ANSWERS_MS))]);
    const view = bestView(answers.filter((answer) => typeof answer !== "string"));
    if (view === null) {
      this.#trouble = answers.filter((answer) => typeof answer === "string").join("; ") || "No node has any slot";
      return;
    }
    this.#trouble = view.isOk ? null : "The nodes that can be reached see too few of the others to serve";
    this.#take(view);
  }

  /** In turn; those that did not answer a look come last. */
  #nextNodes(): readonly ServerNode[] {
    const { nodes } = this.#pool;
    this.#turn = (this.#turn + ASKED_NODES) % Math.max(1, nodes.length);
    const inTurn = [...nodes.slice(this.#turn), ...nodes.slice(0, this.#turn)];
    return inTurn.toSorted((a, b) => Number(a.trouble !== null) - Number(b.trouble !== null)).slice(0, ASKED_NODES);
  }

  #take({ ranges }: ClusterView): void {
    const owners = new Array<ServerNode | null>(SLOTS).fill(null);
    const primaries = new Set<ServerNode>();
    const [named = new Set(), namedBefore = new Set()] = this.#named;
    const members = new Set<ServerNode>([...this.#seeds, ...named, ...namedBefore]);
    for (const { first, last, primary, replicas } of ranges) {
      const node = this.#pool.at(primary);
      owners.fill(node, first, last + 1);
      primaries.add(node);
      for (const address of [primary, ...replicas]) members.add(this.#pool.at(address));
    }
    this.#tell(primaries);
    this.#owners = owners;
    this.#primaries = [...primaries];
    this.#named = [new Set(), named];
    this.#pool.keepOnly(members);
  }

  #tell(primaries: ReadonlySet<ServerNode>): void {
    const names = (nodes: readonly ServerNode[]) => nodes.map(({ address }) => nameOf(address)).join(", ") || "none";
    const come = [...primaries].filter((node) => !this.#primaries.includes(node));
    const gone = this.#primaries.filter((node) => !primaries.has(node));
    if (this.#primaries.length === 0 || come.length + gone.length === 0) return;
    this.#log.warn("primaries-changed", `Primaries that came: ${names(come)}; that went: ${names(gone)}`);
  }
}

/** What it answers, or what is wrong with it. */
async function askNode(node: ServerNode): Promise<ClusterView | string> {
  const name = nameOf(node.address);
  try {
    const replies = await within(ANSWER_MS, node.ask(["CLUSTER", "SLOTS"], ["CLUSTER", "INFO"]), null);
    if (replies === null) return `Node ${name} has not answered within ${ANSWER_MS} ms`;
    const [slots, info] = replies;
    if (slots instanceof ReplyError) return `Node ${name} answers ${slots.message}`;
    return parseClusterView(slots, info, node.address) ?? `Node ${name} does not know of slots`;
  } catch (error) {
    if (error instanceof ConnectionLost) return `Node ${error.message}`;
    throw error;
  }
}
