// One tail of the change log for all who watch or wait (docs/adr/0016). While there is anybody, the log is read once for all,
// and those are woken whom it concerns; with nobody, nothing runs. The hub never pushes: it hands out members, which are
// places in the tail, and what a client is sent is pulled by its own transport, so that a slow one holds up nobody.
import type { Change } from "../../core/batch.ts";
import type { Entry } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { LoggedChange, Store } from "../../store/store.ts";
import type { Timers } from "../timers.ts";
import { type ChangeBatch, ShownEntries, showSome } from "./batch.ts";
import { type Channel, Channels, type Interest } from "./channels.ts";
import { TailFollower } from "./follower.ts";
import { type End, Member } from "./member.ts";
import { SharedCache } from "./shared-cache.ts";
import type { ChangeTail } from "./tail.ts";

export interface WatchHubOptions {
  readonly store: Store;
  readonly timers: Timers;
  /** How watchers are shown a value. */
  readonly toText: (entry: Entry) => string;
  /** Watchers and waiters together. */
  readonly membersMax: number;
  /** Changes that a watcher may lie behind, having caught up once. */
  readonly backlogChanges: number;
  /** The longest that a watcher hears nothing. */
  readonly heartbeatMs: number;
}

/** Changes that concern a channel, and the position behind them. */
export interface Part {
  readonly batch: ChangeBatch;
  readonly to: number;
}

/** Looks at who has heard nothing, in the time of one heartbeat. */
const BEATS_PER_HEARTBEAT = 4;

export class WatchHub {
  readonly store: Store;
  readonly timers: Timers;
  /** What stands under the keys that are shown. */
  readonly entries: ShownEntries;
  readonly membersMax: number;
  readonly #options: WatchHubOptions;
  readonly #channels = new Channels();
  readonly #members = new Set<Member>();
  readonly #parts = new SharedCache<Promise<Part>>(LIMITS.watchSharedLength);
  #follower: TailFollower | null = null;
  #starting: Promise<void> | null = null;
  #cancelBeat: () => void = () => {};
  #beat = 0;
  #isStopped = false;

  constructor(options: WatchHubOptions) {
    this.store = options.store;
    this.timers = options.timers;
    this.membersMax = options.membersMax;
    this.entries = new ShownEntries(options.store, options.toText);
    this.#options = options;
  }

  /** Watchers and waiters that there are. */
  get members(): number {
    return this.#members.size;
  }

  /** Requires: a member that has not ended. */
  get tail(): ChangeTail {
    if (this.#follower === null) throw new KeyholdError("internal", "The log is followed for nobody");
    return this.#follower.tail;
  }

  /**
   * A new member, whose position is the end of the tail; every change that is logged after this has resolved comes behind it.
   * It is forgotten with leave(), or when the signal aborts.
   *
   * @throws "busy" when there are as many as may be; "unavailable" when the server stops
   */
  async join(interest: Interest, signal: AbortSignal): Promise<Member> {
    this.#requireRoom();
    const channel = this.#channels.open(interest);
    const member = new Member(channel, this.#beat);
    channel.members.add(member);
    this.#members.add(member);
    const leave = () => this.leave(member, { is: "gone" });
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    try {
      await this.#start();
    } catch (error) {
      leave();
      throw error;
    }
    if (member.end === null) member.position = this.tail.end;
    return member;
  }

  /** Ends a member and forgets it. Idempotent: the first end counts. */
  leave(member: Member, end: End): void {
    member.finish(end);
    if (!this.#members.delete(member)) return;
    const { channel } = member;
    channel.members.delete(member);
    if (channel.members.size === 0) this.#channels.close(channel);
    if (this.#members.size === 0) this.#halt();
  }

  /** Puts a member to a position that it has not got from the hub, so that what lies behind it is looked at. */
  place(member: Member, position: number): void {
    member.position = position;
    member.channel.lastMatch = Math.max(member.channel.lastMatch, this.tail.end - 1);
  }

  /** What a member is to be sent next, made once for all in the same place. Requires: tail.oldest <= its position. */
  async take({ channel, position }: Member): Promise<Part> {
    const name = `${channel.id} ${position}`;
    const standing = this.#parts.get(name);
    if (standing !== undefined) {
      const part = await standing;
      if (part.batch.isCurrent(this.store.now())) return part;
    }
    // Made at once: all who are woken together ask before the first of them has an answer.
    const making = this.#makePart(channel, position);
    this.#parts.set(name, making, 0);
    const part = await making;
    // What it takes is known only now; it may have been forgotten meanwhile.
    if (this.#parts.get(name) === making) this.#parts.set(name, making, part.batch.length);
    return part;
  }

  /** Resolves when the tail has been read on, or nobody follows the log any more. */
  async readOn(): Promise<void> {
    await this.#follower?.readOn();
  }

  /** Whether a member has heard nothing for as long as it may. */
  isDue(member: Member): boolean {
    return this.#beat - member.sentAtBeat >= BEATS_PER_HEARTBEAT;
  }

  noteSent(member: Member): void {
    member.sentAtBeat = this.#beat;
  }

  /** Ends all members, which are told so; there will be no new ones. */
  stop(): void {
    this.#isStopped = true;
    this.#endAll({ is: "stopping" });
  }

  #requireRoom(): void {
    if (this.#isStopped) throw new KeyholdError("unavailable", "The server is stopping");
    if (this.#members.size < this.membersMax) return;
    throw new KeyholdError(
      "busy",
      `Cannot take another watcher: there are ${this.#members.size}, limit ${this.membersMax}; --watchers raises it`,
      { limit: this.membersMax, option: "--watchers" },
    );
  }

  #start(): Promise<void> {
    this.#starting ??= this.#follow();
    return this.#starting;
  }

  async #follow(): Promise<void> {
    const base = await this.store.latestCursor();
    // All may have left meanwhile, and another may have come and begun as well.
    if (this.#members.size === 0 || this.#follower !== null) return;
    this.#follower = new TailFollower(
      {
        store: this.store,
        timers: this.timers,
        changesMax: this.#options.backlogChanges,
        onRead: (changes, from) => this.#wakeFor(changes, from),
        onGap: () => this.#wakeAll(),
        onFailure: (error) => this.#endAll({ is: "failed", error }),
      },
      base,
    );
    this.#scheduleBeat();
  }

  #halt(): void {
    this.#follower?.close();
    this.#follower = null;
    this.#starting = null;
    this.#cancelBeat();
    this.#parts.clear();
    this.entries.forget();
  }

  #endAll(end: End): void {
    for (const member of this.#members) this.leave(member, end);
  }

  /** Wakes the waiting members whom the changes from this position on concern. */
  #wakeFor(changes: readonly Change[], from: number): number {
    if (changes.length === 0) return 0;
    this.#parts.clear();
    this.entries.forget();
    const concerned = new Set<Channel>();
    for (const [index, change] of changes.entries()) {
      for (const channel of this.#channels.of(change)) {
        channel.lastMatch = from + index;
        concerned.add(channel);
      }
    }
    let woken = 0;
    for (const { members } of concerned) {
      for (const member of members) {
        if (!member.isWaiting) continue;
        // Who waits has had everything before.
        member.position = from;
        member.wake();
        woken++;
      }
    }
    return woken;
  }

  /** Members find by their positions that the tail has skipped something. */
  #wakeAll(): void {
    for (const member of this.#members) {
      member.channel.lastMatch = this.tail.end - 1;
      member.wake();
    }
  }

  async #makePart(channel: Channel, position: number): Promise<Part> {
    const { tail } = this;
    const found: LoggedChange[] = [];
    let to = position;
    for (; to < tail.end && found.length < LIMITS.watchPageChanges; to++) {
      const change = tail.at(to);
      if (channel.takes(change)) found.push(change);
    }
    const batch = await showSome(found, channel.interest, this.entries);
    const next = found[batch.events.length];
    if (next === undefined) return { batch, to };
    for (to = position; to < tail.end && tail.at(to) !== next; ) to++;
    return { batch, to };
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.timers.after(this.#options.heartbeatMs / BEATS_PER_HEARTBEAT, () => {
      this.#beat++;
      for (const member of this.#members) if (member.isWaiting && this.isDue(member)) member.wake();
      this.#scheduleBeat();
    });
  }
}
