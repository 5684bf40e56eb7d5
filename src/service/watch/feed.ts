// What one watcher is told, in order: what was missed or all that there is, then what happens. A feed is pulled: each step
// reads only what is taken next, so a watcher costs a place in the tail and one part, however far it lies behind.
//
// Invariants: every change of the selection behind the cursor of the last part comes in a later one, once, in the order of
// the log; a cursor that has been told is a place to resume from with no gap; where the log has lost what would come next,
// the watcher is told so and shown everything anew.
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Range } from "../../core/range.ts";
import { toCursor } from "../../store/cursor.ts";
import type { ChangePage, Cursor, LoggedChange, Page } from "../../store/store.ts";
import { ChangeBatch } from "./batch.ts";
import type { Interest } from "./channels.ts";
import type { WatchHub } from "./hub.ts";
import type { Lease, Member } from "./member.ts";
import { PassedChanges } from "./passed-changes.ts";
import type { ShownEntry } from "./shown-entries.ts";
import { ShownRevisions } from "./shown-revisions.ts";
import { readAsTail } from "./tail.ts";

/** From now on; from a snapshot of everything on; or from a place in the log on. */
export type Since = "now" | "snapshot" | { readonly cursor: string };

export type FeedPart =
  /** Changes, each of which can be resumed behind. */
  | { readonly is: "changes"; readonly batch: ChangeBatch }
  /** Entries of a snapshot, which cannot be resumed within. */
  | { readonly is: "entries"; readonly entries: readonly ShownEntry[] }
  /** Everything up to here has been told. */
  | { readonly is: "ready"; readonly cursor: Cursor }
  /** The position has moved past changes that this feed does not show. */
  | { readonly is: "bookmark"; readonly cursor: Cursor }
  /** Nothing has happened for a while; where it stands, if that is a place to resume from. */
  | { readonly is: "heartbeat"; readonly cursor: Cursor | null }
  /** Changes may have been lost: a snapshot follows. */
  | { readonly is: "reset" }
  /** The end, with a reason for the watcher. */
  | { readonly is: "bye"; readonly reason: "too-slow" | "token-ended" | "stopping" };

export interface FeedRequest {
  readonly interest: Interest;
  readonly since: Since;
  readonly lease: Lease;
}

/**
 * The feed of a new member of the hub, which it is until its parts have come to their end, or the signal aborts.
 *
 * @throws "invalid-request" on a text that is no cursor, and what WatchHub.join throws
 */
export async function openFeed(
  hub: WatchHub,
  { interest, since, lease }: FeedRequest,
  signal: AbortSignal,
): Promise<WatchFeed> {
  // Read before anything is promised: what is no cursor, and a store that is away, are errors and no feed.
  const begun = typeof since === "object" ? toCursor(since.cursor) : await hub.store.latestCursor();
  if (typeof since === "object") await hub.store.changes(begun, 1);
  return new WatchFeed(hub, await hub.join({ interest, hearsBeats: true, lease }, signal), { since, begun });
}

export class WatchFeed {
  readonly #hub: WatchHub;
  readonly #member: Member;
  readonly #interest: Interest;
  readonly #since: Since;
  /** Where it was asked to begin; the end of the log then, where it was not asked for a place. */
  readonly #begun: Cursor;
  /** The last place to resume from that has been reached; null within a snapshot. */
  #cursor: Cursor | null = null;
  #toldCursor: Cursor | null = null;
  /** How far to read before anything else: the end of the log when the feed began; null once that is done. */
  #goal: Cursor | null = null;
  /** The end of the tail when it was chosen as where to join it; null where a place is still to be chosen. */
  #target: Cursor | null = null;
  readonly #passed = new PassedChanges();
  #shown: ShownRevisions | null = null;
  #isReady = false;

  constructor(hub: WatchHub, member: Member, { since, begun }: { readonly since: Since; readonly begun: Cursor }) {
    this.#hub = hub;
    this.#member = member;
    this.#interest = member.channel.interest;
    this.#since = since;
    this.#begun = begun;
  }

  /** Where the feed stands: everything before has been told, or does not concern it. */
  get cursor(): Cursor | null {
    return this.#cursor;
  }

  /** Ends the feed where it stands. */
  finish(): void {
    this.#hub.leave(this.#member, { is: "time" });
  }

  /** To be pulled once. @throws what reading the store throws */
  async *parts(): AsyncGenerator<FeedPart> {
    try {
      for await (const part of this.#untilEnd()) {
        this.#hub.noteSent(this.#member, eventsIn(part));
        this.#toldCursor = cursorIn(part) ?? this.#toldCursor;
        yield part;
      }
      const { end } = this.#member;
      if (end?.is === "failed") throw end.error;
      if (end?.is === "stopping" || end?.is === "token-ended") yield { is: "bye", reason: end.is };
    } finally {
      this.#hub.leave(this.#member, { is: "gone" });
    }
  }

  async *#untilEnd(): AsyncGenerator<FeedPart> {
    yield* this.#begin();
    while (!this.#hasEnded) {
      const caughtUp = yield* this.#catchUp();
      const outcome = caughtUp === "joined" ? yield* this.#follow() : caughtUp;
      if (outcome === "behind" && this.#isReady) return yield* this.#tooSlow();
      // It goes on from the last place to resume from, which may lie before what it has told.
      if (outcome === "behind") this.#passed.goBack();
      if (outcome !== "lost") continue;
      yield { is: "reset" };
      yield* this.#snapshot();
    }
  }

  get #hasEnded(): boolean {
    return this.#member.end !== null;
  }

  async *#begin(): AsyncGenerator<FeedPart> {
    if (this.#since === "snapshot") return yield* this.#snapshot();
    this.#cursor = this.#begun;
    if (this.#since === "now") yield* this.#ready();
    else this.#goal = await this.#hub.store.latestCursor();
  }

  async *#ready(): AsyncGenerator<FeedPart> {
    if (this.#isReady || this.#cursor === null) return;
    this.#isReady = true;
    yield { is: "ready", cursor: this.#cursor };
  }

  /**
   * Reads the log by itself, page by page, until its place is within the tail that all share. Where the log has one order any
   * place of it will do, and most are found. Where each partition has its own, two readers that go on by themselves hardly
   * ever stand at the same place; so the feed picks a place of the tail and reads up to there and no further, which makes the
   * two equal however fast the log grows meanwhile. A place that the tail forgets before it is reached is replaced by a new
   * one; a feed that has already passed it, as its cursor was read after the tail was, waits for the tail to read on.
   */
  async *#catchUp(): AsyncGenerator<FeedPart, "joined" | "lost" | "ended"> {
    const { store } = this.#hub;
    while (!this.#hasEnded) {
      const position = this.#findPlace();
      if (position !== null) {
        this.#hub.place(this.#member, position);
        return "joined";
      }
      const bound = this.#goal ?? this.#chooseTarget();
      const page = await store.changes(this.#cursor, LIMITS.watchPageChanges, bound);
      if (page.isIncomplete) return "lost";
      yield* this.#show(page);
      // What has not been told because of the end is still to come for whoever resumes.
      if (this.#hasEnded) break;
      this.#arrive(page.cursor);
      if (!page.hasMore) await this.#leaveBound(bound);
      yield* this.#tellPlace();
      await new Promise(setImmediate);
    }
    return "ended";
  }

  /** Its place in the tail; null where it has none there, or the tail has not come as far as the log had when the feed began. */
  #findPlace(): number | null {
    const { tail } = this.#hub;
    // Where there is no one order, only reading up to it tells that it has been passed.
    if (this.#goal !== null && (this.#isPartitioned || tail.find(this.#goal) === null)) return null;
    return this.#cursor === null ? null : tail.find(this.#cursor);
  }

  #chooseTarget(): Cursor {
    const { tail } = this.#hub;
    if (this.#target === null || tail.find(this.#target) === null) this.#target = tail.cursor;
    return this.#target;
  }

  /** Everything up to the bound has been read. */
  async #leaveBound(bound: Cursor): Promise<void> {
    if (bound === this.#goal) {
      this.#goal = null;
      // What comes now was logged after the snapshot had been read.
      if (this.#isPartitioned) this.#shown = null;
    } else if (bound !== this.#cursor) {
      // The tail has not come as far as this feed.
      this.#target = null;
      await this.#hub.readOn();
    }
  }

  get #isPartitioned(): boolean {
    return this.#hub.store.capabilities.order === "partition";
  }

  /** @param cursor - resumes where the feed stands; null where nothing does */
  #arrive(cursor: Cursor | null): void {
    if (cursor === null) return;
    this.#cursor = cursor;
    this.#passed.arrive();
  }

  async *#show(page: ChangePage): AsyncGenerator<FeedPart> {
    const { channel } = this.#member;
    const tail = readAsTail(page);
    for (let position = 0; position < tail.end && !this.#hasEnded; ) {
      const { batch, to } = await this.#hub.makePart({ tail, position, channel });
      position = to;
      yield* this.#changes(batch);
    }
  }

  async *#changes(batch: ChangeBatch): AsyncGenerator<FeedPart> {
    const { events } = batch;
    const isTold = events.map(({ change }) => this.#pass(change));
    const fresh = isTold.includes(true) ? new ChangeBatch(events.filter((_, index) => !isTold[index])) : batch;
    if (fresh.events.length > 0) yield { is: "changes", batch: fresh };
  }

  /** Whether what the change led to has been told already. */
  #pass(change: LoggedChange): boolean {
    const hasBeenPassed = this.#passed.pass(change);
    this.#cursor = change.cursor ?? this.#cursor;
    return hasBeenPassed || this.#shown?.hides(change) === true;
  }

  /** Takes from the shared tail, and waits at its end. */
  async *#follow(): AsyncGenerator<FeedPart, "behind" | "lost" | "ended"> {
    const hub = this.#hub;
    const member = this.#member;
    while (!this.#hasEnded) {
      const { tail } = hub;
      if (tail.isBeforeGap(member.position)) return "lost";
      if (member.hasMore) {
        if (member.position < tail.oldest) return "behind";
        yield* this.#takeOne();
        continue;
      }
      const known = Math.max(member.position, member.channel.unsiftedFrom ?? tail.end);
      if (known < tail.oldest) return "behind";
      member.moveTo(known);
      this.#arrive(tail.cursorAt(known));
      yield* this.#ready();
      yield* this.#tellPlace();
      await member.wait();
    }
    return "ended";
  }

  async *#takeOne(): AsyncGenerator<FeedPart> {
    const { tail } = this.#hub;
    const { batch, to } = await this.#hub.take(this.#member);
    this.#member.moveTo(to);
    yield* this.#changes(batch);
    if (batch.events.length > 0) return;
    if (to >= tail.oldest) this.#arrive(tail.cursorAt(to));
    yield* this.#tellPlace();
    await new Promise(setImmediate);
  }

  /** A sign of life where there has been none for a while. */
  async *#tellPlace(): AsyncGenerator<FeedPart> {
    if (!this.#hub.isDue(this.#member)) return;
    const cursor = this.#cursor;
    const hasMoved = cursor !== null && cursor !== this.#toldCursor;
    yield hasMoved ? { is: "bookmark", cursor } : { is: "heartbeat", cursor };
  }

  /** Everything that is selected, page by page; then what has happened meanwhile is to be followed from before it. */
  async *#snapshot(): AsyncGenerator<FeedPart> {
    const { store } = this.#hub;
    this.#isReady = false;
    this.#cursor = null;
    this.#goal = null;
    this.#passed.forget();
    const { order } = store.capabilities;
    const shown = new ShownRevisions({ floor: store.stats().revision, order });
    const cursor = await store.latestCursor();
    for await (const entries of this.#pages()) {
      for (const entry of entries) shown.add(entry);
      if (entries.length > 0) yield { is: "entries", entries };
      else yield* this.#tellPlace();
      if (this.#hasEnded) return;
    }
    this.#shown = shown;
    this.#cursor = cursor;
    if (this.#isPartitioned) this.#goal = await store.latestCursor();
    yield* this.#ready();
  }

  async *#pages(): AsyncGenerator<readonly ShownEntry[]> {
    const { selection } = this.#interest;
    if ("keys" in selection) return yield* this.#namedPages(selection.keys);
    const { entries } = this.#hub;
    const share = this.#hub.shareOf(this.#member.channel);
    let after: Key | null = null;
    do {
      if (share.isSpent()) await share.later();
      const range: Range = { ...selection.set, after, reverse: false, limit: LIMITS.pageScannedKeys };
      const whole: Page<ShownEntry> | null = this.#interest.hasValues ? await entries.scan(range) : null;
      const page: Page<ShownEntry> = whole ?? (await entries.list(range));
      if (whole === null && this.#interest.hasValues) yield* this.#namedPages(page.items.map(({ key }) => key));
      else yield page.items;
      after = page.next;
    } while (after !== null);
  }

  async *#namedPages(keys: readonly Key[]): AsyncGenerator<readonly ShownEntry[]> {
    const { entries } = this.#hub;
    const share = this.#hub.shareOf(this.#member.channel);
    let page: ShownEntry[] = [];
    let length = 0;
    for (const key of keys) {
      if (share.isSpent()) await share.later();
      const entry = await (this.#interest.hasValues ? entries.read(key) : entries.readInfo(key));
      if (entry === null) continue;
      page.push(entry);
      length += entry.text?.length ?? 0;
      if (length < LIMITS.watchPartLength) continue;
      yield page;
      page = [];
      length = 0;
    }
    yield page;
  }

  async *#tooSlow(): AsyncGenerator<FeedPart> {
    this.#hub.noteTooSlow();
    yield { is: "bye", reason: "too-slow" };
    this.#hub.leave(this.#member, { is: "gone" });
  }
}

/** The last place to resume from that a part tells. */
function cursorIn(part: FeedPart): Cursor | null {
  if (part.is !== "changes") return "cursor" in part ? part.cursor : null;
  return part.batch.events.findLast(({ change }) => change.cursor !== null)?.change.cursor ?? null;
}

function eventsIn(part: FeedPart): number {
  if (part.is === "changes") return part.batch.events.length;
  return part.is === "entries" ? part.entries.length : 0;
}
