// One tail of the change log for all who watch or wait (docs/adr/0016). While there is anybody, the log is read once for all,
// and those are woken whom it concerns; with nobody, nothing runs. The hub never pushes: it hands out members, which are
// places in the tail, and what a client is sent is pulled by its own transport, so that a slow one holds up nobody.
import type { Change } from "../../core/batch.ts";
import { type Count, makeCount } from "../../core/count.ts";
import type { Entry } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { Store } from "../../store/store.ts";
import type { Timers } from "../timers.ts";
import { type Channel, Channels, type Interest } from "./channels.ts";
import { TailFollower } from "./follower.ts";
import { LoopShare } from "./loop-share.ts";
import { type End, type Lease, Member } from "./member.ts";
import { makePart, type Part, type PartRequest, SharedParts } from "./parts.ts";
import { ShownEntries } from "./shown-entries.ts";
import { Sieve } from "./sieve.ts";
import type { ChangeTail } from "./tail.ts";

export interface WatchHubOptions {
  readonly store: Store;
  readonly timers: Timers;
  /** A clock that never runs back, to share out the event loop by. */
  readonly steadyMs: () => number;
  /** How watchers are shown a value. */
  readonly toText: (entry: Entry) => string;
  /** Told of each value that is not shown because it is damaged. */
  readonly onDamage: (error: KeyholdError) => void;
  /** Watchers and waiters together. */
  readonly membersMax: number;
  /** Changes that a watcher may lie behind, having caught up once. */
  readonly backlogChanges: number;
  /** The longest that a watcher hears nothing. */
  readonly heartbeatMs: number;
}

export interface MemberOptions {
  readonly interest: Interest;
  /** Whether it is woken when it has been sent nothing for a while. */
  readonly hearsBeats: boolean;
  /** Ends it when this ends. */
  readonly lease: Lease;
}

/** What is done for some of the channels, apart from the others, so that these do not wait for it. */
interface Lane {
  readonly share: LoopShare;
  readonly sieve: Sieve;
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
  readonly #parts = new SharedParts();
  readonly #patterned: Lane;
  readonly #plain: Lane;
  #follower: TailFollower | null = null;
  #starting: Promise<void> | null = null;
  #cancelBeat: () => void = () => {};
  #beat = 0;
  /** Members woken since the log was read on last. */
  #woken = 0;
  #isStopped = false;
  #eventsSent = 0;
  #cutOff = 0;
  readonly #count: Count;

  /** @param count - of members, of all hubs that share membersMax */
  constructor(options: WatchHubOptions, count: Count = makeCount()) {
    this.#count = count;
    this.store = options.store;
    this.timers = options.timers;
    this.membersMax = options.membersMax;
    this.entries = new ShownEntries(options);
    this.#options = options;
    this.#patterned = this.#makeLane();
    this.#plain = this.#makeLane();
  }

  /** Watchers and waiters that there are, in all hubs that share the bound. */
  get members(): number {
    return this.#count.total;
  }

  /** Changes and entries handed to members so far, and members that were told that they were too slow. */
  get told(): { readonly events: number; readonly tooSlow: number } {
    return { events: this.#eventsSent, tooSlow: this.#cutOff };
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
  async join({ interest, hearsBeats, lease }: MemberOptions, signal: AbortSignal): Promise<Member> {
    this.#takeRoom();
    const channel = this.#channels.open(interest);
    const member = new Member(channel, hearsBeats ? this.#beat : null);
    channel.members.add(member);
    this.#members.add(member);
    member.hold(lease(() => this.leave(member, { is: "token-ended" })));
    const leave = () => this.leave(member, { is: "gone" });
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
    // To follow the log for nobody is begun by nobody: those who come next would wait for it, and have no tail.
    if (member.end !== null) return member;
    try {
      await this.#start();
    } catch (error) {
      leave();
      throw error;
    }
    if (member.end === null) member.moveTo(this.tail.end);
    return member;
  }

  /** Ends a member and forgets it. Idempotent: the first end counts. */
  leave(member: Member, end: End): void {
    member.finish(end);
    if (!this.#members.delete(member)) return;
    this.#count.add(-1);
    const { channel } = member;
    channel.members.delete(member);
    if (channel.members.size === 0) this.#channels.close(channel);
    if (this.#members.size === 0) this.#halt();
  }

  /** Puts a member to a position that it has not got from the hub, so that what lies behind it is looked at. */
  place(member: Member, position: number): void {
    member.moveTo(position);
    this.#expectMore(member.channel);
  }

  /** What a member is to be sent next, made once for all in the same place. */
  take({ channel, position }: Member): Promise<Part> {
    const { tail } = this;
    return this.#parts.take(`${channel.id} ${position}`, {
      make: () => this.makePart({ tail, position, channel }),
      now: this.store.now,
    });
  }

  makePart(request: PartRequest): Promise<Part> {
    return makePart(request, { entries: this.entries, share: this.shareOf(request.channel) });
  }

  /** What work for a channel has of each turn of the event loop. */
  shareOf(channel: Channel): LoopShare {
    return this.#laneOf(channel).share;
  }

  /** Resolves when the tail has been read on, or nobody follows the log any more. */
  async readOn(): Promise<void> {
    await this.#follower?.readOn();
  }

  /** Whether a member has heard nothing for as long as it may. */
  isDue(member: Member): boolean {
    return member.beatsSilent(this.#beat) >= BEATS_PER_HEARTBEAT;
  }

  /** @param events - how many of them are in what was sent */
  noteSent(member: Member, events: number): void {
    this.#eventsSent += events;
    member.noteSent(this.#beat);
  }

  noteTooSlow(): void {
    this.#cutOff++;
  }

  /** Ends all members, which are told so; there will be no new ones. */
  stop(): void {
    this.#isStopped = true;
    this.#endAll({ is: "stopping" });
  }

  #makeLane(): Lane {
    const share = new LoopShare(this.#options.steadyMs);
    return { share, sieve: new Sieve(share, (channel, position) => this.#wakeFrom(channel, position)) };
  }

  #laneOf({ hasPattern }: Channel): Lane {
    return hasPattern ? this.#patterned : this.#plain;
  }

  #takeRoom(): void {
    if (this.#isStopped) throw new KeyholdError("unavailable", "The server is stopping");
    const members = this.#count.add(1);
    if (members <= this.membersMax) return;
    this.#count.add(-1);
    throw new KeyholdError(
      "busy",
      `Cannot take another watcher: there are ${members - 1}, limit ${this.membersMax}; --watchers raises it`,
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
        onRead: (changes, from) => this.#noteChanges(changes, from),
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

  /** How many have been woken by the changes from this position on, and by earlier ones since they were noted. */
  #noteChanges(changes: readonly Change[], from: number): number {
    if (changes.length > 0) {
      this.#parts.clear();
      this.entries.forget();
    }
    for (const [channels, last] of this.#channels.concernedBy(changes, from)) {
      for (const channel of channels) this.#noteChange(channel, from, last);
    }
    const woken = this.#woken;
    this.#woken = 0;
    return woken;
  }

  /** Who is not waiting looks for itself. */
  #noteChange(channel: Channel, from: number, last: number): void {
    const isWaitedOn = channel.members.values().some(({ isWaiting }) => isWaiting);
    if (channel.isIndexed || !isWaitedOn) this.#wakeFrom(channel, from, last);
    else this.#laneOf(channel).sieve.add(channel, this.tail, from);
  }

  /** Wakes the waiting members of a channel, whom nothing before this position concerns. */
  #wakeFrom(channel: Channel, position: number, last = this.tail.end - 1): void {
    channel.lastMatch = Math.max(channel.lastMatch, last);
    for (const member of channel.members) {
      if (!member.isWaiting) continue;
      member.moveTo(Math.max(member.position, position));
      member.wake();
      this.#woken++;
    }
  }

  /** Members find by their positions that the tail has skipped something. */
  #wakeAll(): void {
    for (const member of this.#members) {
      this.#expectMore(member.channel);
      member.wake();
    }
  }

  /** The channel's members are to look at everything that there is. */
  #expectMore(channel: Channel): void {
    channel.lastMatch = this.tail.end - 1;
  }

  #scheduleBeat(): void {
    this.#cancelBeat = this.timers.after(this.#options.heartbeatMs / BEATS_PER_HEARTBEAT, () => {
      this.#beat++;
      for (const member of this.#members) if (member.isWaiting && this.isDue(member)) member.wake();
      this.#scheduleBeat();
    });
  }
}
