// The store's clock, as `now` in /-/info tells it. It may lead the wall clock (docs/guarantees.md), and the lead may grow while
// sequences run, so that instants are known within some milliseconds only.
import type { Connection } from "./connection.ts";
import type { Span } from "./messages.ts";

const SAMPLE_INTERVAL_MS = 200;
const SAMPLES = 10;
/** How far the lead may move between two samples. */
const SLACK_MS = 15;
/** Where instants are those of other servers' clocks, which `now` leads by what lies between asking them and being told. */
const DISTANT_SLACK_MS = 1000;

export class StoreClock {
  readonly #connection: Connection;
  /** How far it is ahead of this process, at least and at most. */
  #leads: readonly Span[] = [];
  /** What /-/info says beside the time: whether a set is deleted in more than one commit. */
  deletesInPages = false;
  #slackMs = SLACK_MS;
  #timer: ReturnType<typeof setTimeout> | null = null;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Looks at it again and again, until it is stopped. @param connection - its own from now on */
  static async start(connection: Connection): Promise<StoreClock> {
    const clock = new StoreClock(connection);
    await clock.#sample();
    clock.#goOn();
    return clock;
  }

  /** When something was done, given when it was asked for and answered here. */
  spanOf(wall: Span): Span {
    const from = Math.min(...this.#leads.map((lead) => lead.from));
    const to = Math.max(...this.#leads.map((lead) => lead.to));
    return { from: wall.from + from - this.#slackMs, to: wall.to + to + this.#slackMs };
  }

  /** Resolves when it is past an instant for certain. */
  async waitUntil(atMs: number): Promise<void> {
    while (this.spanOf({ from: Date.now(), to: 0 }).from <= atMs)
      await new Promise((resolve) => setTimeout(resolve, 2));
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#connection.close();
  }

  #goOn(): void {
    this.#timer = setTimeout(() => {
      // A server that is gone is told of by those who ask it for more.
      void this.#sample().then(
        () => this.#goOn(),
        () => {},
      );
    }, SAMPLE_INTERVAL_MS);
  }

  async #sample(): Promise<void> {
    const sentAt = Date.now();
    const { body } = await this.#connection.send({ method: "GET", target: "/-/info", fields: [], body: null });
    this.deletesInPages = body.includes('"deletions": "page-by-page"');
    this.#slackMs = body.includes('"engine": "valkey"') ? DISTANT_SLACK_MS : SLACK_MS;
    const now = Date.parse(/"now": "([^"]+)"/.exec(body)?.[1] ?? "");
    if (Number.isNaN(now)) throw new Error(`No clock in ${body}`);
    this.#leads = [...this.#leads, { from: now - Date.now() - 1, to: now - sentAt + 1 }].slice(-SAMPLES);
  }
}
