// Carries each command to the primary of its slot, again where that is safe and may help, until its deadline. A write is sent
// again only when it is certain that it has not run: it was not sent, or the server has refused it. A write that was lost on
// its way is never sent again, and its caller is told that nobody knows.
import { KeyholdError } from "../../core/errors.ts";
import { ConnectionLost } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { Journey } from "./journey.ts";
import { Load } from "./load.ts";
import { parseAddress } from "./node-pool.ts";
import type { Patrol } from "./patrol.ts";
import { pause, within } from "./pause.ts";
import { type Argument, type Reply, ReplyError } from "./reply.ts";
import { type Act, faultOf, NO_PRIMARY, NOT_CONNECTED, unknownError } from "./server-errors.ts";
import type { ServerNode } from "./server-node.ts";
import type { Acknowledged, Script, Servers, ServersOptions, Topology } from "./servers.ts";
import type { ServerMap } from "./topology.ts";
import type { WritePromise } from "./write-promise.ts";

/** Between attempts to reach a server, twice as long each time. */
const RECONNECT_MIN_MS = 20;
const RECONNECT_MAX_MS = 250;
/** Servers that send a command from one to the other are given some time to agree, from so many times on. */
const REDIRECTIONS_AT_ONCE = 3;
const REDIRECTION_PAUSE_MS = 25;
/** The same complaint of a server is logged so often. */
const COMPLAINT_INTERVAL_MS = 5000;

export interface RouterParts {
  readonly map: ServerMap;
  readonly patrol: Patrol;
  /** Ends all connections. */
  readonly end: () => void;
}

export class Router implements Servers {
  readonly topology: Topology;
  readonly promise: WritePromise;
  readonly #options: ServersOptions;
  readonly #parts: RouterParts;
  readonly #map: ServerMap;
  readonly #deadlines = new Deadlines();
  /** What waits while no server is known to have its slot. */
  readonly #homeless: { readonly reads: Load; readonly writes: Load };
  readonly #writes = new Set<Journey>();
  readonly #complaints = new Map<string, number>();
  #isClosed = false;

  constructor(options: ServersOptions, parts: RouterParts) {
    const bounds = { commands: options.queuedCommits, bytes: options.queuedBytes };
    this.topology = options.topology;
    this.promise = options.promise;
    this.#options = options;
    this.#parts = parts;
    this.#map = parts.map;
    this.#homeless = { reads: new Load(bounds), writes: new Load(bounds) };
  }

  get clockOffsetMs(): number {
    return this.#parts.patrol.clockOffsetMs;
  }

  get pendingWrites(): number {
    return this.#writes.size;
  }

  refusal(): string | null {
    return this.#isClosed ? "The engine is closed" : this.#parts.patrol.refusal();
  }

  async read(slot: number, args: readonly Argument[]): Promise<Reply> {
    return (await this.#begin({ slot, isWrite: false, args, script: null })).reply;
  }

  async readScript(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Reply> {
    return (await this.#begin({ slot, isWrite: false, args: runBySum(script, keys, args), script })).reply;
  }

  write(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Acknowledged> {
    return this.#begin({ slot, isWrite: true, args: runBySum(script, keys, args), script });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const answers = Promise.allSettled([...this.#writes].map(({ answer }) => answer));
    await within(this.#options.deadlineMs, answers, null);
    this.#parts.end();
  }

  async #begin(command: {
    readonly slot: number;
    readonly isWrite: boolean;
    readonly args: readonly Argument[];
    readonly script: Script | null;
  }): Promise<Acknowledged> {
    if (this.#isClosed) throw new KeyholdError("unavailable", "The store is closed");
    const { isWrite, slot } = command;
    const home = this.#map.primaryOf(slot) ?? this.#homeless;
    const load = isWrite ? home.writes : home.reads;
    const journey = new Journey({ ...command, deadlineMs: this.#options.deadlineMs });
    if (!load.take(journey.bytes)) {
      throw new KeyholdError(
        "busy",
        `As many commands wait for the server as may (${load.commands}); nothing has been done`,
      );
    }
    this.#deadlines.watch(journey);
    if (isWrite) this.#writes.add(journey);
    void this.#travel(journey);
    try {
      return await journey.answer;
    } finally {
      this.#deadlines.forget(journey);
      if (isWrite) this.#writes.delete(journey);
      load.release(journey.bytes);
    }
  }

  /** Goes from attempt to attempt until the journey is over. Does not reject. */
  async #travel(journey: Journey): Promise<void> {
    try {
      for (let tries = 0; !journey.isOver; tries++) {
        const act = await this.#attempt(journey, tries);
        if (act !== null) await this.#follow(act);
      }
    } catch (error) {
      journey.fail(error);
    }
  }

  /** What to do before the next attempt; null for nothing, or because the journey is over. */
  async #attempt(journey: Journey, tries: number): Promise<Act | null> {
    const node = journey.target ?? this.#map.primaryOf(journey.slot);
    if (node === null) {
      journey.notExecuted(NO_PRIMARY);
      return reconnect(tries);
    }
    if (journey.isWrite && !(await this.#mayWrite(journey, node))) return reconnect(tries);
    if (journey.isOver) return null;
    try {
      const { reply, shortfall } = await (journey.isWrite ? node.write(journey) : readOf(node, journey));
      if (reply instanceof ReplyError) return this.#refused(journey, { answer: reply, node, tries });
      journey.succeed({ reply, shortfall });
      return null;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      return this.#lost(journey, { lost: error, node, tries });
    }
  }

  /** Whether the server is known to be able to keep the promise; ends the journey where it cannot. */
  async #mayWrite(journey: Journey, node: ServerNode): Promise<boolean> {
    if (this.promise.replicas > 0 && node.health === null) {
      await node.look();
      if (node.health === null) {
        journey.notExecuted(NOT_CONNECTED);
        return false;
      }
    }
    const refusal = node.refusal();
    if (refusal !== null) journey.refuse("unavailable", { reason: refusal, retryAfterSeconds: 1 });
    return true;
  }

  #refused(
    journey: Journey,
    { answer, node, tries }: { readonly answer: ReplyError; readonly node: ServerNode; readonly tries: number },
  ): Act | null {
    const fault = faultOf(answer);
    journey.notExecuted(fault);
    if (fault.isLoud) this.#complain(answer, node);
    switch (fault.act.kind) {
      case "retry":
        return fault.act;
      case "give-up":
        journey.refuse(fault.act.code, fault);
        return null;
      case "send-text":
        if (!journey.bringText()) journey.refuse("internal", fault);
        return null;
      case "redirect": {
        const { isForGood } = fault.act;
        const [, , target] = answer.message.split(" ");
        const address = parseAddress(target ?? "");
        const other = address && this.#map.redirect(journey.slot, { address, by: node, isForGood });
        if (other === null) {
          journey.refuse("unavailable", { reason: "the server is a node of a cluster", retryAfterSeconds: 2 });
          return null;
        }
        if (!isForGood) journey.target = other;
        else void this.#map.refresh();
        return tries < REDIRECTIONS_AT_ONCE
          ? null
          : { kind: "retry", pauseMs: REDIRECTION_PAUSE_MS, isRefresh: isForGood };
      }
    }
  }

  #lost(
    journey: Journey,
    { lost, node, tries }: { readonly lost: ConnectionLost; readonly node: ServerNode; readonly tries: number },
  ): Act | null {
    if (lost.isFull) {
      journey.fail(new KeyholdError("busy", `${lost.message}; nothing has been done`));
      return null;
    }
    if (journey.isWrite && lost.isSent) {
      journey.fail(unknownError("the connection to the server was lost before it answered"));
      void this.#map.refresh();
      return null;
    }
    if (lost.answer !== null) return this.#refused(journey, { answer: lost.answer, node, tries });
    journey.notExecuted(NOT_CONNECTED);
    return reconnect(tries);
  }

  async #follow(act: Act): Promise<void> {
    if (act.kind !== "retry") return;
    await Promise.all([pause(act.pauseMs), act.isRefresh ? this.#map.refresh() : null]);
  }

  #complain({ code, message }: ReplyError, node: ServerNode): void {
    const now = performance.now();
    if (now - (this.#complaints.get(code) ?? Number.NEGATIVE_INFINITY) < COMPLAINT_INTERVAL_MS) return;
    this.#complaints.set(code, now);
    const { host, port } = node.address;
    this.#options.log.error("server-refuses", `Server ${host}:${port} answers "${message}"`);
  }
}

async function readOf(node: ServerNode, journey: Journey): Promise<Acknowledged> {
  return { reply: await node.read(journey), shortfall: null };
}

/** The server cannot be reached, or there is none. */
function reconnect(tries: number): Act {
  const pauseMs = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** tries);
  return { kind: "retry", pauseMs, isRefresh: true };
}

function runBySum(script: Script, keys: readonly Argument[], args: readonly Argument[]): readonly Argument[] {
  return ["EVALSHA", script.sha1, String(keys.length), ...keys, ...args];
}
