// One server: a connection for reads, one for writes, and one to look how it is, so that a read never waits behind a WAIT, and
// a look behind neither. Each is opened when it is needed. A server that does not answer a look hangs: its connections are
// closed, as what is in flight there may wait for ever.

import type { WritePromise } from "../../core/write-promise.ts";
import { makeWriteLane, sendAttempt, type WriteAttempt, type WriteLane } from "./acknowledge.ts";
import { clockOffsetOf, wallClockMs } from "./clock-offset.ts";
import type { ConnectionOptions, ServerAccess, ServerAddress } from "./connection.ts";
import { ConnectionLost } from "./connection.ts";
import { parseInfo } from "./info.ts";
import { LazyConnection } from "./lazy-connection.ts";
import { Load, type LoadBounds } from "./load.ts";
import { within } from "./pause.ts";
import type { Argument, Reply } from "./reply.ts";
import { HEALTH_SECTIONS, healthOf, refusalOf, type ServerHealth } from "./server-health.ts";
import { nameOf } from "./server-name.ts";
import type { Script } from "./servers.ts";
import { SingleFlight } from "./single-flight.ts";

export interface NodeSettings {
  readonly access: ServerAccess;
  readonly promise: WritePromise;
  readonly deadlineMs: number;
  /** Of reads, and of writes, each. */
  readonly bounds: LoadBounds;
  readonly preload: readonly Script[];
}

/** Of the deadline: what is left is for a server that hangs to be noticed, and another to be asked. */
const WAIT_SHARE = 0.5;
const STALL_SHARE = 0.75;
const STALL_MIN_MS = 500;
const CONNECT_MAX_MS = 1000;
/** A server that has not answered a look for so long hangs. */
const HANG_MS = 1500;
/** A look that many want is done so often at the most. */
const LOOK_INTERVAL_MS = 20;
const CONTROL_COMMANDS_MAX = 1000;

export class ServerNode {
  readonly address: ServerAddress;
  readonly reads: Load;
  readonly writes: Load;
  readonly #settings: NodeSettings;
  readonly #readLine: LazyConnection;
  readonly #writeLine: LazyConnection;
  readonly #control: LazyConnection;
  readonly #lane: WriteLane;
  readonly #looks = new SingleFlight(() => this.#look(), LOOK_INTERVAL_MS);
  #health: ServerHealth | null = null;
  #refusal: string | null = null;
  #trouble: string | null = null;
  #clockOffsetMs = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(address: ServerAddress, settings: NodeSettings) {
    this.address = address;
    this.#settings = settings;
    this.reads = new Load(settings.bounds);
    this.writes = new Load(settings.bounds);
    const data = dataOptions(address, settings);
    this.#readLine = new LazyConnection(data, settings.preload);
    this.#writeLine = new LazyConnection(data, settings.preload);
    this.#control = new LazyConnection({ ...data, inFlightMax: CONTROL_COMMANDS_MAX, stallMs: HANG_MS });
    this.#lane = makeWriteLane({
      line: this.#writeLine,
      promise: settings.promise,
      waitMs: Math.floor(settings.deadlineMs * WAIT_SHARE),
      onShortfall: () => void this.look(),
    });
  }

  /** As it was at the last look that it answered; null before. */
  get health(): ServerHealth | null {
    return this.#health;
  }

  /** Which server it is, and why the last look brought nothing; null where it brought something. */
  get trouble(): string | null {
    return this.#trouble;
  }

  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** On the clock of performance.now(); long ago before the first look. */
  get lookedAt(): number {
    return this.#lookedAt;
  }

  /** Why nothing may be written here, as of the last look, as a clause; null where it may, or nothing is known. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** The reply may be an error. @throws ConnectionLost (rejects) */
  read(command: { readonly args: readonly Argument[]; readonly isAsking: boolean }): Promise<Reply> {
    const { current } = this.#readLine;
    return current === null
      ? this.#readLine.get().then((connection) => sendAttempt(connection, command))
      : sendAttempt(current, command);
  }

  /** The reply may be an error. @throws ConnectionLost (rejects) saying whether it was sent */
  write(attempt: WriteAttempt): Promise<Reply> {
    return this.#lane.write(attempt);
  }

  /** Commands beside reads and writes, in one round trip. @throws ConnectionLost (rejects) */
  async ask(...commands: readonly (readonly Argument[])[]): Promise<readonly Reply[]> {
    const connection = await this.#control.get();
    return Promise.all(commands.map((args) => connection.send(args)));
  }

  /** Looks how it is; resolves when that is known, or known not to be had. */
  look(): Promise<void> {
    return this.#looks.request();
  }

  /** Ends what is in flight. Where the address is a name, the next connection may be to another server. */
  drop(reason: string): void {
    this.#readLine.drop(reason);
    this.#writeLine.drop(reason);
    this.#control.drop(reason);
  }

  close(): void {
    this.#readLine.close();
    this.#writeLine.close();
    this.#control.close();
  }

  async #look(): Promise<void> {
    try {
      const askedAt = wallClockMs();
      const replies = await within(HANG_MS, this.ask(["TIME"], ["INFO", ...HEALTH_SECTIONS]), null);
      if (replies === null) throw this.#hangs();
      const [time, info] = replies;
      // The answers come together; the clock is read before the longer of the two is.
      this.#clockOffsetMs = clockOffsetOf(time, askedAt, wallClockMs()) ?? this.#clockOffsetMs;
      const lines = parseInfo(info ?? null);
      if (lines === null) throw new ConnectionLost("The server does not answer INFO");
      const now = performance.now();
      this.#health = healthOf(lines, this.#health, now);
      this.#refusal = refusalOf(this.#health, this.#settings.promise, now);
      this.#trouble = null;
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
      const name = nameOf(this.address);
      this.#trouble = error.message.startsWith(name) ? error.message : `${name}: ${error.message}`;
    }
    this.#lookedAt = performance.now();
  }

  /** What is in flight at a server that is gone has been told so; at one that hangs, it is told by this. */
  #hangs(): ConnectionLost {
    const reason = `The server has not answered for ${HANG_MS} ms`;
    this.drop(reason);
    return new ConnectionLost(reason);
  }
}

function dataOptions(address: ServerAddress, settings: NodeSettings): ConnectionOptions {
  const { access, deadlineMs, bounds } = settings;
  return {
    address,
    access,
    connectTimeoutMs: Math.min(CONNECT_MAX_MS, deadlineMs),
    stallMs: Math.max(STALL_MIN_MS, Math.floor(deadlineMs * STALL_SHARE)),
    // The bounds of the load are met first; these are for a server that others are redirected to.
    inFlightMax: bounds.commands * 2,
    queuedBytesMax: bounds.bytes * 2,
  };
}
