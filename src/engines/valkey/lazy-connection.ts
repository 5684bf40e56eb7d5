// A connection that is opened when it is first needed, and again after it was lost: one attempt at a time, and the longer
// apart the more have failed. Who asks while it is too early is refused at once, and may ask later.
import { Connection, ConnectionLost, type ConnectionOptions } from "./connection.ts";
import type { Script } from "./servers.ts";

const BACK_OFF_MIN_MS = 20;
const BACK_OFF_MAX_MS = 250;

export class LazyConnection {
  readonly #options: ConnectionOptions;
  readonly #preload: readonly Script[];
  #current: Connection | null = null;
  #opening: Promise<Connection> | null = null;
  #failures = 0;
  #failure: ConnectionLost | null = null;
  #notBefore = 0;
  #isClosed = false;

  /** @param preload - scripts that the server is told of, as soon as it is connected */
  constructor(options: ConnectionOptions, preload: readonly Script[] = []) {
    this.#options = options;
    this.#preload = preload;
  }

  /** One that is open; null while there is none. */
  get current(): Connection | null {
    return this.#current?.isOpen === true ? this.#current : null;
  }

  /** @throws ConnectionLost, not sent (rejects) when it cannot be had now */
  get(): Promise<Connection> {
    const { current } = this;
    if (current !== null) return Promise.resolve(current);
    if (this.#isClosed) return Promise.reject(new ConnectionLost("The engine is closed"));
    if (this.#opening === null && this.#failure !== null && performance.now() < this.#notBefore) {
      return Promise.reject(this.#failure);
    }
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** Ends the connection, if there is one; the next who asks has another. */
  drop(reason: string): void {
    this.#current?.close(reason);
    this.#current = null;
  }

  /** Ends it for good. */
  close(): void {
    this.#isClosed = true;
    this.drop("The engine is closed");
  }

  async #open(): Promise<Connection> {
    try {
      const connection = await Connection.open(this.#options);
      if (this.#isClosed) {
        connection.close("The engine is closed");
        throw new ConnectionLost("The engine is closed");
      }
      this.#failures = 0;
      this.#failure = null;
      this.#current = connection;
      for (const { text } of this.#preload) tell(connection, text);
      return connection;
    } catch (error) {
      if (error instanceof ConnectionLost) this.#backOff(error);
      throw error;
    } finally {
      this.#opening = null;
    }
  }

  #backOff(failure: ConnectionLost): void {
    this.#failure = failure;
    this.#notBefore = performance.now() + Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** this.#failures);
    this.#failures++;
  }
}

/** A server that does not let us do so is told of each script when it is run. */
function tell(connection: Connection, text: string): void {
  connection.send(["SCRIPT", "LOAD", text]).catch(() => {});
}
