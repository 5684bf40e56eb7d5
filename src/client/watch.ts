// A watch that lasts: the stream of events of the server, opened again where it ends, from the place that was reached.
//
// 1. Every event with a cursor is a place to go on from; the last one that the caller was given is the place, so that what he
//    has not been given is told again, and what he has been given is not.
// 2. A snapshot that is cut has no such place: it begins anew, behind a `reset`, as what was deleted meanwhile is not told.
// 3. The first stream fails as a read does. One that has stood is opened again until the caller goes, with pauses that grow up
//    to a cap; a refusal that does not pass (a token that has ended, a malformed filter) ends the watch.
// 4. A stream on which nothing comes for three heartbeats is taken for dead: connections may end without a word.
import { FIELD, MEDIA } from "../wire/headers.ts";
import { type Context, fullKey } from "./context.ts";
import { KeyholdError } from "./errors.ts";
import { lineGroups } from "./lines.ts";
import { setQuery } from "./listing.ts";
import type { CallOptions, SetOptions } from "./options.ts";
import { isPassing, jitteredPauseMs } from "./retry.ts";
import { keysTarget } from "./target.ts";
import { pause, startTimeLimit } from "./timing.ts";
import { type ByeEvent, parseEvent, type WatchEvent } from "./watch-events.ts";

export interface WatchOptions extends CallOptions, SetOptions {
  /** These keys alone; not beside `prefix` and `filter`. */
  readonly keys?: readonly string[];
  /** From now on (the default), everything that there is first ("snapshot"), or behind the cursor of an event or a page. */
  readonly since?: "now" | "snapshot" | (string & {});
  /** Whether events carry values; true unless given. */
  readonly values?: boolean;
  /** Whether changes of expiry alone are told; false unless given. */
  readonly touches?: boolean;
  /** How long a stream may say nothing before it is opened anew, in milliseconds: 45,000, three heartbeats, unless given. */
  readonly silenceMs?: number;
  /** Told whenever a stream stands or is lost, such as to show it. */
  readonly onConnection?: (state: ConnectionState) => void;
}

export type ConnectionState =
  | { readonly is: "open" }
  /** @param error - what the stream ended by; null where the server has ended it in order */
  | { readonly is: "lost"; readonly error: KeyholdError | null; readonly retryInMs: number };

const SILENCE_MS = 45_000;
const RESTARTED = "The connection was lost before the snapshot was whole; it begins anew";

export async function* watch(context: Context, options: WatchOptions): AsyncGenerator<WatchEvent, void> {
  const { signal, onConnection } = options;
  const place = new Place(options.since ?? "now");
  let failures = 0;
  let hasStood = false;
  for (;;) {
    let lost: KeyholdError | null = null;
    try {
      for await (const event of streamFrom(context, place.since, options)) {
        if (event === "open") {
          if (place.isSnapshotCut) yield { type: "reset", reason: RESTARTED, cursor: null };
          onConnection?.({ is: "open" });
          hasStood = true;
          continue;
        }
        failures = 0;
        if (event.type === "bye") continue;
        place.pass(event);
        yield event;
      }
    } catch (error) {
      if (!hasStood || !isPassing(error)) throw error;
      lost = error;
    }
    failures++;
    const retryInMs = Math.max(lost?.retryAfterMs ?? 0, jitteredPauseMs(failures, context.requester.policy));
    onConnection?.({ is: "lost", error: lost, retryInMs });
    await pause(retryInMs, signal);
  }
}

/** How far the caller has been told. */
class Place {
  #since: string;
  #isInSnapshot: boolean;
  #hasShown = false;

  constructor(since: string) {
    this.#since = since === "snapshot" ? "0" : since;
    this.#isInSnapshot = since === "snapshot";
  }

  get since(): string {
    return this.#since;
  }

  /** Whether part of a snapshot has been told that has to begin anew. */
  get isSnapshotCut(): boolean {
    return this.#isInSnapshot && this.#hasShown;
  }

  pass(event: WatchEvent): void {
    if (event.type === "reset") {
      // What follows is a snapshot; were it cut, the old cursor would lead to the same reset.
      this.#since = "0";
      this.#isInSnapshot = true;
    } else if (event.cursor !== null) {
      this.#since = event.cursor;
      this.#isInSnapshot = false;
    }
    this.#hasShown = this.#isInSnapshot;
  }
}

/** One stream, up to its end; "open" before its first event. */
async function* streamFrom(
  context: Context,
  since: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent | ByeEvent | "open", void> {
  const { silenceMs = SILENCE_MS, signal } = options;
  const limit = startTimeLimit(0, signal);
  try {
    const body = await openStream(context, since, { ...options, signal: limit.signal });
    yield "open";
    limit.renew(silenceMs);
    for await (const lines of lineGroups(body, "cut", limit.signal)) {
      // While the caller is at work nothing is read, and so nothing heard.
      limit.lift();
      for (const line of lines) {
        const event = parseEvent(context, line);
        if (event !== null) yield event;
      }
      limit.renew(silenceMs);
    }
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof KeyholdError) throw error;
    const why = limit.isOver() ? `nothing was heard for ${silenceMs} ms` : String(error);
    throw new KeyholdError("unreachable", `The watch was cut off: ${why}`, { cause: error });
  } finally {
    limit.cut();
  }
}

async function openStream(context: Context, since: string, options: WatchOptions): Promise<ReadableStream<Uint8Array>> {
  const { keys, values = true, touches = false } = options;
  const set = keys === undefined ? setQuery(context, options) : {};
  const query = { watch: true, ...set, since, values: values ? null : 0, touches };
  const target = keysTarget(
    query,
    keys?.map((key) => fullKey(context, key)),
  );
  const headers = { [FIELD.accept]: MEDIA.ndjson };
  const { body } = await context.requester.open({ method: "GET", target, headers, isRepeatable: true, options });
  if (body !== null) return body;
  throw new KeyholdError("unexpected-answer", "The answer has no body: is it a Keyhold that answers?");
}
