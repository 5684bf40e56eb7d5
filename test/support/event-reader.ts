// Reads a watch as a client does: events of either format, in order, as they come.
import type { HttpStream } from "./http-client.ts";

export interface WatchedEvent {
  /** Its name; "" for a comment. */
  readonly event: string;
  readonly id: string | null;
  /** The members of its data but `event` and `cursor`; of a comment nothing. */
  readonly data: Readonly<Record<string, unknown>>;
}

const PATIENCE_MS = 10_000;

export class EventReader {
  readonly stream: HttpStream;
  readonly #step: () => Promise<void>;
  readonly #isLines: boolean;
  readonly #events: WatchedEvent[] = [];
  #rest = "";
  #isOver = false;
  #failure: unknown = null;
  /** What it was told to do before anything else. */
  retryMs: number | null = null;

  constructor(stream: HttpStream, step: () => Promise<void>) {
    this.stream = stream;
    this.#step = step;
    this.#isLines = stream.headers["content-type"] === "application/x-ndjson";
    void this.#collect();
  }

  /** The next event; null at an orderly end. @throws when neither comes in PATIENCE_MS, or the stream is cut */
  next(): Promise<WatchedEvent | null> {
    return this.nextWithin(PATIENCE_MS);
  }

  /** As next(), where it may take so long. */
  async nextWithin(patienceMs: number): Promise<WatchedEvent | null> {
    const givenUpAt = performance.now() + patienceMs;
    while (this.#events.length === 0 && !this.#isOver) {
      if (performance.now() > givenUpAt) throw new Error(`No event in ${patienceMs} ms`);
      await this.#step();
    }
    const event = this.#events.shift() ?? null;
    if (event === null && this.#failure !== null) throw this.#failure;
    return event;
  }

  /** The next events, as many as asked. */
  async take(count: number): Promise<readonly WatchedEvent[]> {
    const events: WatchedEvent[] = [];
    for (; events.length < count; ) events.push(await this.mustNext());
    return events;
  }

  async mustNext(): Promise<WatchedEvent> {
    const event = await this.next();
    if (event === null) throw new Error("The stream has ended");
    return event;
  }

  /** The events up to and with the first of this name. */
  async until(name: string): Promise<readonly WatchedEvent[]> {
    const events: WatchedEvent[] = [];
    for (;;) {
      const event = await this.mustNext();
      events.push(event);
      if (event.event === name) return events;
    }
  }

  /** All events to the end. */
  async rest(): Promise<readonly WatchedEvent[]> {
    const events: WatchedEvent[] = [];
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event);
    return events;
  }

  async #collect(): Promise<void> {
    try {
      for await (const text of this.stream.texts()) this.#parse(text);
    } catch (error) {
      this.#failure = error;
    }
    this.#isOver = true;
  }

  #parse(text: string): void {
    const parts = (this.#rest + text).split(this.#isLines ? "\n" : "\n\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) {
      const event = this.#isLines ? parseLine(part) : this.#parseBlock(part);
      if (event !== null) this.#events.push(event);
    }
  }

  #parseBlock(block: string): WatchedEvent | null {
    if (block.startsWith(": ")) return { event: "", id: null, data: {} };
    const fields = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    );
    const retry = fields.get("retry");
    if (retry !== undefined) {
      this.retryMs = Number(retry);
      return null;
    }
    return {
      event: fields.get("event") ?? "message",
      id: fields.get("id") ?? null,
      data: JSON.parse(fields.get("data") ?? "null"),
    };
  }
}

function parseLine(line: string): WatchedEvent {
  const { event, cursor = null, ...data } = JSON.parse(line);
  return { event, id: cursor, data };
}
