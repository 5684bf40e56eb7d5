// Waiting for one entry: looked at again whenever its key changes, and at the instant at which it ends, until it is as wanted
// or the time is up.
import type { Entry } from "../../core/entry.ts";
import type { Key } from "../../core/key.ts";
import type { Interest } from "./channels.ts";
import type { WatchHub } from "./hub.ts";
import { type Lease, type Member, tokenEnded } from "./member.ts";

export interface EntryWait {
  readonly key: Key;
  readonly waitMs: number;
  /** Whether a state of the entry is known to whom waits: that there is none is waited for no less than another one then. */
  readonly knowsState: boolean;
  /** Whether an entry is what is waited for. */
  readonly isNews: (entry: Entry) => boolean;
  readonly lease: Lease;
}

/**
 * The entry as soon as it is news, and null as soon as there is none that was known or seen; as it then is when the time is
 * up, the client goes away or the server stops.
 *
 * @throws "busy" when there are as many waiters as may be; "unauthenticated" when the lease ends; what Store.get throws
 */
export async function waitForEntry(hub: WatchHub, wait: EntryWait, signal: AbortSignal): Promise<Entry | null> {
  const { key, waitMs, knowsState, isNews, lease } = wait;
  const standing = await hub.store.get(key);
  if (waitMs === 0 || (standing === null ? knowsState : isNews(standing))) return standing;
  const interest: Interest = { selection: { keys: [key] }, hasTouches: true, hasValues: false };
  const member = await hub.join({ interest, hearsBeats: false, lease }, signal);
  const cancel = hub.timers.after(waitMs, () => hub.leave(member, { is: "time" }));
  try {
    return await lookUntilNews(hub, member, { ...wait, knowsState: knowsState || standing !== null });
  } finally {
    cancel();
    hub.leave(member, { is: "gone" });
  }
}

async function lookUntilNews(
  hub: WatchHub,
  member: Member,
  { key, waitMs, ...wait }: EntryWait,
): Promise<Entry | null> {
  let { knowsState } = wait;
  for (;;) {
    if (member.end?.is === "token-ended") throw tokenEnded();
    if (member.end === null) member.moveTo(hub.tail.end);
    const entry = await hub.store.get(key);
    if (member.end !== null || (entry === null ? knowsState : wait.isNews(entry))) return entry;
    knowsState ||= entry !== null;
    const cancel =
      entry === null || entry.expiresAt === null
        ? () => {}
        : hub.timers.after(Math.min(Math.max(1, entry.expiresAt - hub.store.now()), waitMs), () => member.wake());
    await member.wait();
    cancel();
  }
}
