// What the scenario asks of every client, whatever it is made of: one that runs beside the tests is told by these, and says
// what it got.

export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: WireBody | null;
}

/** A text so many times over, so that a large body needs no large message to whoever sends it. */
export interface WireBody {
  readonly text: string;
  readonly times: number;
  /** Sent without its length, in several parts. */
  readonly chunked: boolean;
}

export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
  /** Of the body, in hexadecimal. */
  readonly sha256: string;
  /** The first TEXT_BYTES of the body. */
  readonly text: string;
  /** Whether "100 Continue" came before it; null where the client does not tell. */
  readonly continued: boolean | null;
}

/** What not every client does: upload without a length, wait for "100 Continue". */
export type Ability = "chunked" | "continue";

export interface WireClient {
  readonly abilities: readonly Ability[];
  /** What it opens to one origin for requests that follow each other. */
  readonly connectionsMax: number;
  ask(request: WireRequest): Promise<WireAnswer>;
  /** The same request so often, one after the other, over one connection if it is kept. Resolves to the statuses. */
  askTimes(request: WireRequest, times: number): Promise<readonly number[]>;
  /** Reads a stream of events; calls `change` after "ready", and resolves to all text up to the first "put". */
  watch(url: string, change: () => Promise<void>): Promise<string>;
  close(): Promise<void>;
}

/** As much of a body as a client hands over beside its digest. The programs have the same number. */
export const TEXT_BYTES = 1000;

/** How a stream is read to the first change: `take` each text that comes; true once no more is needed. */
export function makeWatchReader(change: () => Promise<void>): {
  readonly take: (text: string) => Promise<boolean>;
  readonly text: () => string;
} {
  let received = "";
  let isReady = false;
  return {
    async take(text) {
      received += text;
      if (!isReady && /^event: ready\n[\s\S]*?\n\n/m.test(received)) {
        isReady = true;
        await change();
      }
      return /^event: put\n[\s\S]*?\n\n/m.test(received);
    },
    text: () => received,
  };
}
