// The serving threads beside the main one, as that has them: started with the store and the port, told what happens to the
// server, asked for what they have measured, and stopped. One that ends by itself ends the server, as nobody knows what of its
// requests has been done.
import type { Log } from "../observe/log.ts";
import type { Readings } from "../observe/registry.ts";
import type { StatsdReading } from "../observe/statsd-lines.ts";
import type { Timers } from "../service/timers.ts";
import type { Backup } from "../store/store.ts";
import { answer, ask } from "./asking.ts";
import {
  type FromServing,
  fromErrorMessage,
  type MainFacts,
  type ReadingsAnswer,
  type ServingOrder,
  type StatsdAnswer,
  type ToServing,
} from "./messages.ts";
import { serveCopy } from "./remote-backup.ts";

/** What the threads ask of the main one. */
export interface MainThread {
  readonly log: Log;
  /** Null where the store has none. */
  readonly backup: Backup | null;
  readonly timers: Timers;
  /** The text of /-/metrics, of all threads. */
  readonly metrics: () => Promise<string>;
  readonly facts: () => MainFacts;
  /** Called when the server can no longer be relied on; perhaps several times. */
  readonly onFatal: (reason: string) => void;
}

/** A thread that is busy is not waited for longer; what it said last counts then. */
const READING_MS = 1000;
/** What a thread may take to stop besides --stop-timeout. */
const STOPPING_MS = 10_000;

export class ServingPool {
  readonly #main: MainThread;
  readonly #script: URL;
  readonly #threads: ServingThread[] = [];

  /** @param script - what runs on each thread */
  constructor(main: MainThread, script: URL = new URL("./serving-thread.ts", import.meta.url)) {
    this.#main = main;
    this.#script = script;
  }

  /** Starts a thread for each order; resolves when all of them take requests. @throws KeyholdError as startServer() */
  async start(orders: readonly ServingOrder[]): Promise<void> {
    for (const order of orders) this.#threads.push(new ServingThread(this.#script, order, this.#main));
    try {
      await Promise.all(this.#threads.map((thread) => thread.ready));
    } catch (error) {
      await this.stop(0);
      throw error;
    }
  }

  readings(): Promise<readonly Readings[]> {
    return Promise.all(this.#threads.map((thread) => thread.readings()));
  }

  statsd(): Promise<readonly StatsdReading[]> {
    return Promise.all(this.#threads.map((thread) => thread.statsd()));
  }

  reload(adminSecret: string | null): void {
    for (const thread of this.#threads) thread.tell({ kind: "reload", adminSecret });
  }

  failStore(reason: string): void {
    for (const thread of this.#threads) thread.tell({ kind: "store-failed", reason });
  }

  /** Resolves with whether no thread has met damage; false also of one that does not end. */
  async stop(timeoutMs: number): Promise<boolean> {
    const sound = await Promise.all(this.#threads.map((thread) => thread.stop(timeoutMs + STOPPING_MS)));
    return sound.every((isSound) => isSound);
  }
}

class ServingThread {
  readonly #main: MainThread;
  readonly #worker: Worker;
  readonly #started = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<boolean>();
  #isStopping = false;
  #readings: Readings = new Map();
  #statsd: StatsdReading = NOTHING_READ;

  constructor(script: URL, order: ServingOrder, main: MainThread) {
    this.#main = main;
    this.#worker = new Worker(script.href);
    this.#worker.onmessage = ({ data }: MessageEvent<FromServing>) => this.#receive(data);
    this.#worker.onerror = (event) => this.#fail(`A serving thread failed: ${event.message}`);
    this.#worker.addEventListener("close", () => this.#fail("A serving thread ended by itself"));
    this.tell({ kind: "start", order }, [order.store.port]);
  }

  get ready(): Promise<void> {
    return this.#started.promise;
  }

  tell(message: ToServing, moved: readonly MessagePort[] = []): void {
    this.#worker.postMessage(message, [...moved]);
  }

  async readings(): Promise<Readings> {
    const asked = ask<ReadingsAnswer>((reply) => this.tell({ kind: "readings", reply }, [reply]));
    this.#readings = (await this.#within(asked, READING_MS)) ?? this.#readings;
    return this.#readings;
  }

  async statsd(): Promise<StatsdReading> {
    const asked = ask<StatsdAnswer>((reply) => this.tell({ kind: "statsd", reply }, [reply]));
    const reading = await this.#within(asked, READING_MS);
    this.#statsd = reading ?? { ...this.#statsd, durations: NOTHING_READ.durations };
    return this.#statsd;
  }

  /** Resolves with whether it has ended without having met damage. */
  async stop(timeoutMs: number): Promise<boolean> {
    this.#isStopping = true;
    this.tell({ kind: "stop" });
    const isSound = await this.#within(this.#stopped.promise, timeoutMs);
    if (isSound === null) this.#main.log.error("thread-hangs", "A serving thread does not stop, and is left behind");
    return isSound ?? false;
  }

  #receive(message: FromServing): void {
    const { log, backup, metrics, facts } = this.#main;
    switch (message.kind) {
      case "ready":
        this.#started.resolve();
        break;
      case "refused":
        this.#started.reject(fromErrorMessage(message.error));
        break;
      case "log":
        log[message.line.level](message.line.event, message.line.message, message.line.fields);
        break;
      case "accesses":
        for (const access of message.accesses) log.access(access);
        break;
      case "metrics":
        void metrics().then((text) => answer(message.reply, text));
        break;
      case "facts":
        answer(message.reply, facts());
        break;
      case "backup":
        if (backup !== null) serveCopy(backup, message.port);
        break;
      case "fatal":
        this.#fail(message.reason);
        break;
      case "stopped":
        this.#stopped.resolve(message.isSound);
        break;
      default:
        message satisfies never;
    }
  }

  #fail(reason: string): void {
    this.#stopped.resolve(false);
    if (this.#isStopping) return;
    this.#started.reject(new Error(reason));
    this.#main.onFatal(reason);
  }

  /** What the promise answers within the time; null beyond it. */
  #within<T>(promise: Promise<T>, timeoutMs: number): Promise<T | null> {
    return new Promise((resolve) => {
      const cancel = this.#main.timers.after(timeoutMs, () => resolve(null));
      void promise.then((value) => {
        cancel();
        resolve(value);
      });
    });
  }
}

const NOTHING_READ: StatsdReading = {
  statuses: new Map(),
  logged: { warn: 0, error: 0 },
  exceptions: 0,
  durations: { durationsMs: [], stride: 1 },
  gauges: {},
};
