// Waiting for a change of a selection of entries: a feed of it that is read until it tells of one, or the time is up.
import type { Cursor } from "../../store/store.ts";
import type { Selection } from "../entries.ts";
import type { Interest } from "./channels.ts";
import { openFeed, type Since } from "./feed.ts";
import type { WatchHub } from "./hub.ts";
import { type Lease, tokenEnded } from "./member.ts";

export interface ChangeWait {
  readonly selection: Selection;
  readonly since: Since;
  readonly waitMs: number;
  readonly lease: Lease;
}

/**
 * Waits until something in the selection has changed since a place in the log, touches aside. Null when it has; else the
 * place that it has not changed up to.
 *
 * @throws "invalid-request" on a text that is no cursor; "busy" when there are as many waiters as may be;
 * "unauthenticated" when the lease ends
 */
export async function waitForChange(
  hub: WatchHub,
  { selection, since, waitMs, lease }: ChangeWait,
  signal: AbortSignal,
): Promise<Cursor | null> {
  const interest: Interest = { selection, hasTouches: false, hasValues: false };
  const feed = await openFeed(hub, { interest, since, lease }, signal);
  let cancel = () => {};
  try {
    for await (const part of feed.parts()) {
      if (part.is === "changes" || part.is === "reset" || part.is === "entries") return null;
      if (part.is === "bye" && part.reason === "token-ended") throw tokenEnded();
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
