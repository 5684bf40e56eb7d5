// Sends what has been measured to a StatsD server, by UDP, once an interval. Requests are never held up by it and never fail
// for it: they add to numbers as ever, and who cannot be reached is told of in the log, at most once a minute. What could
// not be sent is in the next sending, as the counts are taken only when there is an address to send them to.
import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import type { Log } from "./log.ts";
import { packLines, type StatsdReading, type ToLines } from "./statsd-lines.ts";

export interface StatsdOptions {
  readonly host: string;
  readonly port: number;
  readonly intervalMs: number;
  readonly toLines: ToLines;
  readonly read: () => StatsdReading | Promise<StatsdReading>;
  readonly log: Log;
  readonly steadyMs: () => number;
  /** Calls `run` once after the delay. Returns what calls it off. */
  readonly after: (delayMs: number, run: () => void) => () => void;
}

/** A name is looked up again after this long, as the server behind it may have moved. */
const ADDRESS_AGE_MS = 60_000;
const COMPLAINT_INTERVAL_MS = 60_000;
/** How long a stop waits for the last sending. */
export const LAST_SENDING_MS = 500;

interface Address {
  readonly address: string;
  readonly family: number;
  readonly foundAtMs: number;
}

export class StatsdSender {
  readonly #options: StatsdOptions;
  #address: Address | null = null;
  #socket: { readonly socket: Socket; readonly family: number } | null = null;
  #before: StatsdReading | null = null;
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => {};
  #sending: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: StatsdOptions) {
    this.#options = options;
    this.#wait();
  }

  /** Sends what is left and ends, in LAST_SENDING_MS at most. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel();
    const late = Promise.withResolvers<void>();
    const cancel = this.#options.after(LAST_SENDING_MS, late.resolve);
    await Promise.race([this.#sending.then(() => this.#send()), late.promise]);
    cancel();
    this.#socket?.socket.close();
  }

  /** The next interval begins when this one's sending has ended, so that there is never more than one. */
  #wait(): void {
    this.#cancel = this.#options.after(this.#options.intervalMs, () => {
      this.#sending = this.#send().then(() => {
        if (!this.#isStopped) this.#wait();
      });
    });
  }

  async #send(): Promise<void> {
    try {
      const { address, family } = await this.#resolve();
      const now = await this.#options.read();
      const datagrams = packLines(this.#options.toLines(now, this.#before));
      const socket = this.#open(family);
      await Promise.all(datagrams.map((datagram) => sendTo(socket, datagram, { address, port: this.#options.port })));
      this.#before = now;
    } catch (error) {
      this.#address = null;
      this.#complain(error);
    }
  }

  async #resolve(): Promise<Address> {
    const nowMs = this.#options.steadyMs();
    if (this.#address !== null && nowMs - this.#address.foundAtMs < ADDRESS_AGE_MS) return this.#address;
    this.#address = { ...(await lookup(this.#options.host)), foundAtMs: nowMs };
    return this.#address;
  }

  #open(family: number): Socket {
    if (this.#socket?.family === family) return this.#socket.socket;
    this.#socket?.socket.close();
    const socket = createSocket(family === 6 ? "udp6" : "udp4");
    socket.on("error", (error) => this.#complain(error));
    socket.unref();
    this.#socket = { socket, family };
    return socket;
  }

  #complain(error: unknown): void {
    const nowMs = this.#options.steadyMs();
    if (nowMs - this.#complainedAtMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedAtMs = nowMs;
    const { host, port, log } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn("statsd-unreachable", `Cannot send metrics to StatsD at ${host}, port ${port}: ${reason}`);
  }
}

function sendTo(
  socket: Socket,
  datagram: string,
  { address, port }: { readonly address: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(datagram, port, address, (error) => (error === null ? resolve() : reject(error)));
  });
}
