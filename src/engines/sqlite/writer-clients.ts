// The serving threads, as the writer thread knows them. What has come from several of them by the time that the writer is free
// goes into the writer as one group, so that it shares transactions and syncs; each is answered what it asked, in order, and the
// others are told that there are changes. With one serving thread its groups are taken as they come.
//
// Threads that write without pause would come by turns, each while the group of another is committed, and never share a sync.
// So a group waits for those who have just been answered, as their clients are about to ask again: for a moment, which is short
// beside a sync, and only once. A thread that has been quiet for longer is waited for by nobody.
import type { FromWriter, WriteAnswer, WriteRequest, WriterFigures } from "./messages.ts";

export interface WriterClient {
  post(message: FromWriter): void;
  /** Answers as many of its requests, in their order. */
  answer(answers: readonly WriteAnswer[], figures: WriterFigures): void;
}

export interface WriterClientsOptions {
  /** The thread that has started the writer. */
  readonly first: WriterClient;
  /** As Writer.applyGroup. */
  readonly apply: (requests: readonly WriteRequest[], answer: (answers: readonly WriteAnswer[]) => void) => void;
  /** Called before anybody is told of what has been committed. */
  readonly figures: () => WriterFigures;
  readonly steadyMs: () => number;
  /** Calls `run` once after the delay. Returns what calls it off. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** How long a group waits for those who have been answered no longer ago than this. */
const GATHER_MS = 1;

/** What one of them has asked, and how much of it is still to be answered. */
interface Asked {
  readonly client: WriterClient;
  left: number;
}

export class WriterClients {
  readonly first: WriterClient;
  readonly #options: WriterClientsOptions;
  readonly #clients: WriterClient[];
  #arrived: { readonly client: WriterClient; readonly requests: readonly WriteRequest[] }[] = [];
  readonly #answeredAtMs = new Map<WriterClient, number>();
  #isPlanned = false;
  #cancelWait: (() => void) | null = null;
  /** Up to where the others have been told of changes. */
  #toldSequence = 0;

  constructor(options: WriterClientsOptions) {
    this.#options = options;
    this.first = options.first;
    this.#clients = [options.first];
  }

  join(client: WriterClient): void {
    this.#clients.push(client);
  }

  /** Takes a group, now or in the next turn of the event loop, when those of the others have come that were sent meanwhile. */
  take(client: WriterClient, requests: readonly WriteRequest[]): void {
    this.#arrived.push({ client, requests });
    if (this.#clients.length === 1) {
      this.applyArrived();
    } else if (!this.#isPlanned && this.#isComplete()) {
      this.#isPlanned = true;
      setImmediate(() => this.applyArrived());
    } else if (!this.#isPlanned) {
      this.#cancelWait ??= this.#options.after(GATHER_MS, () => this.applyArrived());
    }
  }

  /** Applies what has come. */
  applyArrived(): void {
    this.#isPlanned = false;
    this.#cancelWait?.();
    this.#cancelWait = null;
    const arrived = this.#arrived;
    this.#arrived = [];
    const asked = arrived.map(({ client, requests }) => ({ client, left: requests.length }));
    const requests = arrived.flatMap((each) => each.requests);
    this.#options.apply(requests, (answers) => this.#hand(asked, answers));
  }

  /** To all: work goes on, perhaps of the writer's own. */
  tellProgress(): void {
    const figures = this.#options.figures();
    this.#toldSequence = figures.sequence;
    this.tell({ kind: "progress", figures });
  }

  tell(message: FromWriter): void {
    for (const client of this.#clients) client.post(message);
  }

  /** Whether nobody is about to come. */
  #isComplete(): boolean {
    const sinceMs = this.#options.steadyMs() - GATHER_MS;
    return this.#clients.every((client) => {
      const isAwaited = (this.#answeredAtMs.get(client) ?? Number.NEGATIVE_INFINITY) > sinceMs;
      return !isAwaited || this.#arrived.some((each) => each.client === client);
    });
  }

  /** Gives each what it asked. @param asked - in the order of the requests; those that are answered whole are taken off it */
  #hand(asked: Asked[], answers: readonly WriteAnswer[]): void {
    const figures = this.#options.figures();
    const told = new Set<WriterClient>();
    for (let from = 0; from < answers.length; ) {
      const [next] = asked;
      if (next === undefined) throw new Error("The writer answered more than it was asked");
      const count = Math.min(next.left, answers.length - from);
      next.client.answer(answers.slice(from, from + count), figures);
      told.add(next.client);
      this.#answeredAtMs.set(next.client, this.#options.steadyMs());
      from += count;
      next.left -= count;
      if (next.left === 0) asked.shift();
    }
    if (figures.sequence === this.#toldSequence) return;
    this.#toldSequence = figures.sequence;
    for (const client of this.#clients) if (!told.has(client)) client.post({ kind: "progress", figures });
  }
}
