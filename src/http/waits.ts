// `?wait=`: how long a read may stand until there is something new to answer (contract §12), and where in the change log a
// wait or a watch begins.
import type { Entry } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import type { Key } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import type { Selection } from "../service/entries.ts";
import type { Interest } from "../service/watch/channels.ts";
import { waitForEntry } from "../service/watch/entry-wait.ts";
import { openFeed, type Since, type WatchFeed } from "../service/watch/feed.ts";
import type { WatchHub } from "../service/watch/hub.ts";
import type { Cursor } from "../store/store.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";

const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
const FROM_START = "0";
const FROM_NOW = "now";

/** The time to wait; null where none is asked for. @throws "invalid-parameter" */
export function readWaitMs(parameters: Parameters): number | null {
  const text = parameters.one("wait");
  if (text === null) return null;
  const seconds = SECONDS.test(text) ? Number(text) : Number.NaN;
  if (seconds <= LIMITS.waitSeconds) return Math.ceil(seconds * 1000);
  throw new KeyholdError(
    "invalid-parameter",
    `Cannot use wait=${quote(text)}: seconds from 0 to ${LIMITS.waitSeconds} are needed, decimals allowed`,
    { parameter: "wait", limit: LIMITS.waitSeconds },
  );
}

/**
 * The entry as soon as there is one that is to be answered, or none to be waited for: a client that knows a state of it
 * (`If-None-Match`) waits while it stands, any other until there is one.
 *
 * @param isNews - whether an entry is to be answered, and not 304
 */
export async function waitForNews(
  hub: WatchHub,
  { key, waitMs, isNews }: { readonly key: Key; readonly waitMs: number; readonly isNews: (entry: Entry) => boolean },
  incoming: Incoming,
): Promise<Entry | null> {
  let wasThere = incoming.header(FIELD.ifNoneMatch) !== null;
  const isWanted = (entry: Entry | null) => {
    if (entry === null) return wasThere;
    wasThere = true;
    return isNews(entry);
  };
  incoming.keepOpen();
  return waitForEntry(hub, { key, waitMs, isWanted }, incoming.signal);
}

/**
 * Waits until something in the selection has changed since a place in the log, touches aside. Null when it has; else the
 * place that it has not changed up to.
 *
 * @throws "invalid-parameter", "invalid-header" where `since` is no cursor; "busy"
 */
export async function waitForChange(
  hub: WatchHub,
  { selection, since, waitMs }: { readonly selection: Selection; readonly since: Since; readonly waitMs: number },
  incoming: Incoming,
): Promise<Cursor | null> {
  incoming.keepOpen();
  const interest: Interest = { selection, hasTouches: false, hasValues: false };
  const feed = await openFeedSince(hub, { interest, since }, incoming);
  let cancel = () => {};
  try {
    for await (const part of feed.parts()) {
      if (part.is === "changes" || part.is === "reset" || part.is === "entries") return null;
      // What has changed before is found out first, however long that takes.
      if (part.is !== "ready") continue;
      if (waitMs === 0) break;
      cancel = hub.timers.after(waitMs, () => feed.finish());
    }
  } finally {
    cancel();
  }
  return feed.cursor;
}

/** Where a wait or watch begins; the field, which a client sends when it connects again, before the parameter. */
export function readSince(parameters: Parameters, incoming: Incoming): Since {
  const since = parameters.one("since");
  const lastEventId = readLastEventId(incoming);
  if (lastEventId !== null) return { cursor: lastEventId };
  if (since === null || since === FROM_NOW) return "now";
  return since === FROM_START ? "snapshot" : { cursor: since };
}

/** @throws "invalid-parameter", "invalid-header" where the cursor is none, as it was given; "busy" */
export async function openFeedSince(
  hub: WatchHub,
  from: { readonly interest: Interest; readonly since: Since },
  incoming: Incoming,
): Promise<WatchFeed> {
  try {
    return await openFeed(hub, from, incoming.signal);
  } catch (error) {
    if (!(error instanceof KeyholdError) || error.code !== "invalid-request") throw error;
    if (readLastEventId(incoming) !== null)
      throw new KeyholdError("invalid-header", `${FIELD.lastEventId}: ${error.detail}`);
    throw new KeyholdError("invalid-parameter", error.detail, { parameter: "since" });
  }
}

/** An empty one is what a browser sends that has seen no id yet. */
function readLastEventId(incoming: Incoming): string | null {
  return incoming.header(FIELD.lastEventId) || null;
}
