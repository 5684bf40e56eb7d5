// The connections of many clients to one failing server: each opens its own anew once the server is back, some lose patience while it
// stands still, and where nobody is answered any more all of them are ended, so that a run that hangs says so.
import { KeptConnection } from "../support/kept-connection.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import type { FailingServer, Life } from "./failing-server.ts";

export interface ClientConnection {
  readonly connection: KeptConnection;
  /** The life of the server that it leads to. */
  readonly life: Life;
}

const PAUSE_MS_MAX = 120;
/** Clients that cut their connections while the server stands still. */
const CUT_MAX = 3;
const SILENCE_MS_MAX = 60_000;
/** Of what the server printed last, in characters. */
const OUTPUT_MAX = 1000;

export class ClientConnections {
  readonly #server: FailingServer;
  readonly #url: string;
  readonly #connections = new Map<number, KeptConnection>();
  readonly #watch: NodeJS.Timeout;
  #lastHeardAt = performance.now();
  #isSilent = false;
  #isClosed = false;

  /** @param url - where clients connect to: the server's own, or that of a proxy before it */
  constructor(server: FailingServer, url: string) {
    this.#server = server;
    this.#url = url;
    this.#watch = setInterval(() => this.#look(), SILENCE_MS_MAX / 10);
  }

  /** Whether nothing has been answered for so long that the run is given up. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** @throws Error once the run is over */
  async connect(client: number): Promise<ClientConnection> {
    for (;;) {
      if (this.#isClosed || this.#isSilent) throw new Error("The run is over");
      const life = await this.#server.life;
      const connection = await KeptConnection.open(this.#url).catch(() => null);
      if (connection === null) {
        // It has died since, or is about to be known to have.
        await life.ended;
        if ((await this.#server.life) === life) {
          throw new Error(`The server ended and nobody had told it to: ${life.server.output().slice(-OUTPUT_MAX)}`);
        }
        continue;
      }
      this.#connections.set(client, connection);
      return { life, connection };
    }
  }

  /** To be called with each answer. */
  heard(): void {
    this.#lastHeardAt = performance.now();
  }

  /** The server stands still for a moment. */
  pause(random: SeededRandom): Promise<void> {
    return this.#server.pause(async () => {
      await Bun.sleep(random.below(PAUSE_MS_MAX));
      for (let cut = random.below(CUT_MAX + 1); cut > 0; cut--) {
        this.#connections.get(random.below(this.#connections.size))?.close();
      }
    });
  }

  /** @throws Error where the run was given up */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#watch);
    for (const connection of this.#connections.values()) connection.close();
    if (this.#isSilent) throw new Error(`Nothing was answered for ${SILENCE_MS_MAX} ms`);
  }

  #look(): void {
    if (performance.now() - this.#lastHeardAt < SILENCE_MS_MAX) return;
    this.#isSilent = true;
    for (const connection of this.#connections.values()) connection.close();
  }
}
