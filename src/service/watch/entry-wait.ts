// Waiting for one entry: looked at again whenever its key changes, and at the instant at which it ends, until it is as wanted
// or the time is up.
import type { Entry } from "../../core/entry.ts";
import type { Key } from "../../core/key.ts";
import type { Interest } from "./channels.ts";
import type { WatchHub } from "./hub.ts";
import type { Member } from "./member.ts";

export interface EntryWait {
  readonly key: Key;
  readonly waitMs: number;
  /** Whether there is nothing to wait for any more. Asked again for each state that is seen. */
  readonly isWanted: (entry: Entry | null) => boolean;
}

/**
 * The entry as soon as it is as wanted; as it then is when the time is up, the client goes away or the server stops.
 *
 * @throws "busy" when there are as many waiters as may be, and what Store.get throws
 */
export async function waitForEntry(hub: WatchHub, wait: EntryWait, signal: AbortSignal): Promise<Entry | null> {
  const { key, waitMs, isWanted } = wait;
  const standing = await hub.store.get(key);
  if (waitMs === 0 || isWanted(standing)) return standing;
  const interest: Interest = { selection: { keys: [key] }, hasTouches: true, hasValues: false };
  const member = await hub.join(interest, signal);
  // It is told nothing, so no sign of life is due.
  member.sentAtBeat = Number.POSITIVE_INFINITY;
  const cancel = hub.timers.after(waitMs, () => hub.leave(member, { is: "time" }));
  try {
    return await lookUntil(hub, member, wait);
  } finally {
    cancel();
    hub.leave(member, { is: "gone" });
  }
}

async function lookUntil(hub: WatchHub, member: Member, { key, waitMs, isWanted }: EntryWait): Promise<Entry | null> {
  for (;;) {
    if (member.end === null) member.position = hub.tail.end;
    const entry = await hub.store.get(key);
    if (member.end !== null || isWanted(entry)) return entry;
    const cancel =
      entry === null || entry.expiresAt === null
        ? () => {}
        : hub.timers.after(Math.min(Math.max(1, entry.expiresAt - hub.store.now()), waitMs), () => member.wake());
    await member.wait();
    cancel();
  }
}
