// Carries each command to the primary of its slot, again where that is safe and may help, until its deadline. A write is sent
// again only when it is certain that it has not run: it was not sent, or the server has refused it. A write that was lost on
// its way is never sent again, and its caller is told that nobody knows.
import { KeyholdError } from "../../core/errors.ts";
import type { WritePromise } from "../../core/write-promise.ts";
import { ConnectionLost } from "./connection.ts";
import { Deadlines } from "./deadlines.ts";
import { type Command, Journey, type Travelling } from "./journey.ts";
import { Load } from "./load.ts";
import type { Patrol } from "./patrol.ts";
import { pause, within } from "./pause.ts";
import { type Argument, type Reply, ReplyError } from "./reply.ts";
import { type Act, CLOSED, faultOf, NO_PRIMARY, NOT_CONNECTED, unknownError } from "./server-errors.ts";
import { parseAddress } from "./server-name.ts";
import type { ServerNode } from "./server-node.ts";
import type { Acknowledged, Script, Servers, ServersOptions, Topology } from "./servers.ts";
import type { ServerMap } from "./topology.ts";

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

/** Of one attempt. */
type Outcome = Reply | ConnectionLost;

export class Router implements Servers {
  readonly topology: Topology;
  readonly promise: WritePromise;
  readonly #options: ServersOptions;
  readonly #parts: RouterParts;
  readonly #map: ServerMap;
  readonly #deadlines = new Deadlines();
  /** What waits while no server is known to have its slot. */
  readonly #homeless: { readonly reads: Load; readonly writes: Load };
  readonly #complaints = new Map<string, number>();
  #pendingWrites = 0;
  #onWritesOver: () => void = () => {};
  /** Begun commands go on; others are not taken. */
  #isClosing = false;
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
    return this.#pendingWrites;
  }

  refusal(): string | null {
    return this.#isClosing ? "The store is closed" : this.#parts.patrol.refusal();
  }

  read(slot: number, args: readonly Argument[]): Promise<Reply> {
    return this.#begin({ slot, isWrite: false, args, script: null, answerOf: replyOf });
  }

  readScript(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Reply> {
    return this.#begin({ slot, isWrite: false, args: runBySum(script, keys, args), script, answerOf: replyOf });
  }

  write(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Acknowledged> {
    return this.#begin({ slot, isWrite: true, args: runBySum(script, keys, args), script, answerOf: acknowledgedOf });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    if (this.#pendingWrites > 0) await within(this.#options.deadlineMs, this.#writesOver(), null);
    this.#isClosed = true;
    this.#parts.end();
  }

  #writesOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#onWritesOver = resolve;
    });
  }

  #begin<Answer>(command: Command<Answer>): Promise<Answer> {
    if (this.#isClosing) return Promise.reject(new KeyholdError("unavailable", "The store is closed"));
    const node = this.#map.primaryOf(command.slot);
    const home = node ?? this.#homeless;
    const load = command.isWrite ? home.writes : home.reads;
    const journey = new Journey(command, { deadlineMs: this.#options.deadlineMs, onOver: this.#over, load });
    if (!load.take(journey.bytes)) {
      const detail = `As many commands wait for the server as may (${load.commands}); nothing has been done`;
      return Promise.reject(new KeyholdError("busy", detail));
    }
    this.#deadlines.watch(journey);
    if (journey.isWrite) this.#pendingWrites++;
    this.#depart(journey, node);
    return journey.answer;
  }

  readonly #over = (journey: Travelling) => {
    this.#deadlines.forget(journey);
    journey.load.release(journey.bytes);
    if (journey.isWrite && --this.#pendingWrites === 0) this.#onWritesOver();
  };

  /** The first attempt, which is the only one of nearly all journeys, without what only others need. */
  #depart(journey: Travelling, node: ServerNode | null): void {
    if (node === null || (journey.isWrite && (this.#isUnknown(node) || node.refusal !== null))) {
      void this.#travel(journey, null);
      return;
    }
    send(journey, node).then(
      (reply) => {
        if (reply instanceof ReplyError) void this.#travel(journey, { node, outcome: reply });
        else journey.succeed(reply);
      },
      (error) => {
        if (error instanceof ConnectionLost) void this.#travel(journey, { node, outcome: error });
        else journey.fail(error);
      },
    );
  }

  /** Goes from attempt to attempt until the journey is over. Does not reject. @param first - what the first came to */
  async #travel(
    journey: Travelling,
    first: { readonly node: ServerNode; readonly outcome: Outcome } | null,
  ): Promise<void> {
    try {
      let act = first === null ? null : this.#judge(journey, { ...first, tries: 0 });
      for (let tries = first === null ? 0 : 1; ; tries++) {
        if (act !== null) await this.#follow(act);
        if (journey.isOver) return;
        act = await this.#attempt(journey, tries);
      }
    } catch (error) {
      journey.fail(error);
    }
  }

  /** What to do before the next attempt; null for nothing, or because the journey is over. */
  async #attempt(journey: Travelling, tries: number): Promise<Act | null> {
    if (this.#isClosed) journey.refuse("unavailable", CLOSED);
    if (journey.isOver) return null;
    const node = journey.target ?? this.#map.primaryOf(journey.slot);
    if (node === null) {
      journey.notExecuted(NO_PRIMARY);
      return reconnect(tries);
    }
    if (journey.isWrite && !(await this.#mayWrite(journey, node))) return reconnect(tries);
    if (journey.isOver) return null;
    return this.#judge(journey, { node, outcome: await outcomeOf(send(journey, node)), tries });
  }

  #judge(
    journey: Travelling,
    { node, outcome, tries }: { readonly node: ServerNode; readonly outcome: Outcome; readonly tries: number },
  ): Act | null {
    if (outcome instanceof ReplyError) return this.#refused(journey, { answer: outcome, node, tries });
    if (outcome instanceof ConnectionLost) return this.#lost(journey, { lost: outcome, node, tries });
    journey.succeed(outcome);
    return null;
  }

  /** Whether it is not known if the server can keep the promise. */
  #isUnknown(node: ServerNode): boolean {
    return this.promise.replicas > 0 && node.health === null;
  }

  /** Whether the server is known to be able to keep the promise; ends the journey where it cannot. */
  async #mayWrite(journey: Travelling, node: ServerNode): Promise<boolean> {
    if (this.#isUnknown(node)) {
      await node.look();
      if (node.health === null) {
        journey.notExecuted(NOT_CONNECTED);
        return false;
      }
    }
    const refusal = node.refusal;
    if (refusal !== null) journey.refuse("unavailable", { reason: refusal, retryAfterSeconds: 1 });
    return true;
  }

  #refused(
    journey: Travelling,
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
        return this.#redirected(journey, { target: target ?? "", isForGood, node, tries });
      }
    }
  }

  #redirected(
    journey: Travelling,
    to: { readonly target: string; readonly isForGood: boolean; readonly node: ServerNode; readonly tries: number },
  ): Act | null {
    const { isForGood, tries } = to;
    const address = parseAddress(to.target);
    const other = address && this.#map.redirect(journey.slot, { address, by: to.node, isForGood });
    if (other === null) {
      journey.refuse("unavailable", { reason: "the server is a node of a cluster", retryAfterSeconds: 2 });
      return null;
    }
    if (!isForGood) journey.target = other;
    else void this.#map.refresh();
    return tries < REDIRECTIONS_AT_ONCE ? null : { kind: "retry", pauseMs: REDIRECTION_PAUSE_MS, isRefresh: isForGood };
  }

  #lost(
    journey: Travelling,
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

function send(journey: Travelling, node: ServerNode): Promise<Reply> {
  return journey.isWrite ? node.write(journey) : node.read(journey);
}

async function outcomeOf(reply: Promise<Reply>): Promise<Outcome> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof ConnectionLost) return error;
    throw error;
  }
}

function replyOf(reply: Reply): Reply {
  return reply;
}

function acknowledgedOf(reply: Reply, shortfall: string | null): Acknowledged {
  return { reply, shortfall };
}

/** The server cannot be reached, or there is none. */
function reconnect(tries: number): Act {
  const pauseMs = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** tries);
  return { kind: "retry", pauseMs, isRefresh: true };
}

function runBySum(script: Script, keys: readonly Argument[], args: readonly Argument[]): readonly Argument[] {
  return ["EVALSHA", script.sha1, String(keys.length), ...keys, ...args];
}
