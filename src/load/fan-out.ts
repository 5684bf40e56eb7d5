// The workload watch-fan-out: so many clients watch the same prefix, and one writes to it at a steady rate. Measured is how
// long it takes from the sending of a write to its event, at each watcher. Writer and watchers are one process, so that one clock
// measures.
import { LatencyHistogram } from "./latency-histogram.ts";
import { LoadFailed, openSocket, targetOf } from "./open-socket.ts";
import { KEY_DIGITS, toKeyDigits } from "./operation.ts";

export interface FanOut {
  readonly url: URL;
  /** Fields of every request, such as Authorization; names and values. */
  readonly headers: Readonly<Record<string, string>>;
  readonly prefix: string;
  readonly watchers: number;
  readonly writesPerSecond: number;
  readonly valueBytes: number;
  readonly seconds: number;
  /** Resolves after so many ms, or once the signal has aborted. */
  readonly rest: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

export interface FanOutResult {
  readonly writes: number;
  readonly events: number;
  readonly seconds: number;
  readonly latencies: LatencyHistogram;
}

/** What a watcher has got, and what of it is not yet counted. */
interface Watcher {
  isReady: boolean;
  events: number;
  rest: Buffer;
}

const EVENT_MARK = Buffer.from('"value":"');
const READY_MARK = "event: ready";
const TICK_MS = 2;
/** Writes under way at once; where the server is slower than the rate, the rate is not kept. */
const WRITES_MAX = 16;
const PATIENCE_MS = 10_000;
/** Instants of sending that are remembered: far more writes than are under way. */
const REMEMBERED = 65_536;

/** @throws LoadFailed where the server refuses, or a watcher has not got all that was written */
export async function runFanOut(fanOut: FanOut): Promise<FanOutResult> {
  const sentAt = new Float64Array(REMEMBERED);
  const latencies = new LatencyHistogram();
  const sockets: Bun.Socket<Watcher>[] = [];
  let broken: string | null = null;
  const heard = (number: number) => latencies.record(performance.now() - (sentAt[number % REMEMBERED] ?? 0));
  const fail = (why: string) => {
    broken ??= why;
  };
  const until = async (holds: (watcher: Watcher) => boolean, what: string) => {
    const givenUpAt = performance.now() + PATIENCE_MS;
    while (!sockets.every(({ data }) => holds(data))) {
      if (broken !== null) throw new LoadFailed(broken);
      if (fanOut.signal.aborted) throw new LoadFailed("Stopped before the end");
      if (performance.now() > givenUpAt) throw new LoadFailed(`Not every watcher ${what}`);
      await fanOut.rest(TICK_MS, fanOut.signal);
    }
  };
  try {
    for (let index = 0; index < fanOut.watchers; index++) sockets.push(await openWatcher(fanOut, heard, fail));
    await until(({ isReady }) => isReady, "was let in");
    const startedAt = performance.now();
    const writes = await write(fanOut, sentAt);
    await until(({ events }) => events >= writes, "has got all events");
    const seconds = (performance.now() - startedAt) / 1000;
    return { writes, events: latencies.count, seconds, latencies };
  } finally {
    for (const socket of sockets) {
      socket.data.isReady = false;
      socket.terminate();
    }
  }
}

async function openWatcher(
  { url, headers, prefix }: FanOut,
  heard: (number: number) => void,
  fail: (why: string) => void,
): Promise<Bun.Socket<Watcher>> {
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `GET /keys?watch&prefix=${encodeURIComponent(prefix)} HTTP/1.1\r\nHost: ${url.host}\r\n${fields.join("")}\r\n`;
  const watcher: Watcher = { isReady: false, events: 0, rest: Buffer.alloc(0) };
  const socket = await openSocket(targetOf(url), watcher, {
    data: ({ data }, part) => receive(data, part, heard, fail),
    drain: () => {},
    close: ({ data }) => {
      if (data.isReady) fail("The server closed the connection of a watcher");
    },
  });
  socket.write(head);
  return socket;
}

function receive(watcher: Watcher, part: Buffer, heard: (number: number) => void, fail: (why: string) => void): void {
  const bytes = watcher.rest.length === 0 ? part : Buffer.concat([watcher.rest, part]);
  if (!watcher.isReady) {
    const text = bytes.toString("latin1");
    if (/^HTTP\/1\.1 [^2]/.test(text)) fail(`A watcher was answered ${text.slice(9, 12)}`);
    watcher.isReady = text.includes(READY_MARK);
    watcher.rest = watcher.isReady ? Buffer.alloc(0) : Buffer.from(bytes);
    return;
  }
  let from = 0;
  for (let at = bytes.indexOf(EVENT_MARK); at >= 0; at = bytes.indexOf(EVENT_MARK, from)) {
    const end = at + EVENT_MARK.length + KEY_DIGITS;
    if (end > bytes.length) break;
    heard(Number(bytes.toString("latin1", at + EVENT_MARK.length, end)));
    watcher.events++;
    from = end;
  }
  // What may be the beginning of the next mark and its number.
  watcher.rest = Buffer.from(bytes.subarray(Math.max(from, bytes.length - EVENT_MARK.length - KEY_DIGITS)));
}

/** Values begin with the number of their write. Resolves with how many there were, when all are acknowledged. */
async function write(fanOut: FanOut, sentAt: Float64Array): Promise<number> {
  const { url, headers, prefix, writesPerSecond, valueBytes, seconds, rest, signal } = fanOut;
  const underWay = new Set<Promise<void>>();
  const startedAt = performance.now();
  const all = { ...headers, "Content-Type": "text/plain", Prefer: "return=minimal" };
  let writes = 0;
  const put = async (number: number) => {
    sentAt[number % REMEMBERED] = performance.now();
    const body = toKeyDigits(number).padEnd(valueBytes, "v");
    const answer = await fetch(new URL(`/keys/${prefix}watched${number % 1000}`, url), {
      method: "PUT",
      headers: all,
      body,
    });
    if (!answer.ok) throw new LoadFailed(`A write was answered ${answer.status}: ${await answer.text()}`);
  };
  for (let pastMs = 0; pastMs < seconds * 1000 && !signal.aborted; pastMs = performance.now() - startedAt) {
    while (writes < (pastMs * writesPerSecond) / 1000 && underWay.size < WRITES_MAX) {
      const putting: Promise<void> = put(writes++).finally(() => underWay.delete(putting));
      underWay.add(putting);
    }
    await Promise.race([rest(TICK_MS, signal), ...underWay]);
  }
  await Promise.all(underWay);
  return writes;
}
