// The hub as those see it who ask for it by a token: what they may watch and wait for is narrowed here, before the hub, which
// all share and which knows every key, is asked; and what they are let in by ends what they hold open.
import type { Entry } from "../../core/entry.ts";
import { narrowToOne, requireWithin } from "../../core/key-scope.ts";
import type { Cursor } from "../../store/store.ts";
import type { Selection } from "../entries.ts";
import { type ChangeWait, waitForChange } from "./change-wait.ts";
import { type EntryWait, waitForEntry } from "./entry-wait.ts";
import { type FeedRequest, openFeed, type WatchFeed } from "./feed.ts";
import type { WatchHub } from "./hub.ts";
import { LASTING, type Lease } from "./member.ts";

export interface HubViewOptions {
  /** Keys that may be watched begin with one of these; every key where there are none. */
  readonly prefixes: readonly string[];
  readonly lease: Lease;
}

/** What is watched where nothing of what was asked for may be: nothing. */
const NOTHING: Selection = { keys: [] };

export class HubView {
  readonly #hub: WatchHub;
  readonly #prefixes: readonly string[];
  readonly #lease: Lease;

  constructor(hub: WatchHub, { prefixes, lease }: HubViewOptions = { prefixes: [], lease: LASTING }) {
    this.#hub = hub;
    this.#prefixes = prefixes;
    this.#lease = lease;
  }

  /** A view of the same hub for a token. */
  scopedTo(options: HubViewOptions): HubView {
    return new HubView(this.#hub, options);
  }

  /** Watchers and waiters that there are, everybody's. */
  get members(): number {
    return this.#hub.members;
  }

  get membersMax(): number {
    return this.#hub.membersMax;
  }

  /** The end of the change log. */
  latestCursor(): Promise<Cursor> {
    return this.#hub.store.latestCursor();
  }

  /** @throws "forbidden" where keys outside are named or a set lies within several prefixes; and as openFeed() */
  async openFeed({ interest, since }: Omit<FeedRequest, "lease">, signal: AbortSignal): Promise<WatchFeed> {
    const narrowed = { ...interest, selection: this.#narrow(interest.selection) };
    return openFeed(this.#hub, { interest: narrowed, since, lease: this.#lease }, signal);
  }

  /** @throws "forbidden" where the key lies outside; and as waitForEntry() */
  async waitForEntry(wait: Omit<EntryWait, "lease">, signal: AbortSignal): Promise<Entry | null> {
    if (this.#prefixes.length > 0) requireWithin(this.#prefixes, [wait.key]);
    return waitForEntry(this.#hub, { ...wait, lease: this.#lease }, signal);
  }

  /** @throws as openFeed(); and as waitForChange() */
  async waitForChange(wait: Omit<ChangeWait, "lease">, signal: AbortSignal): Promise<Cursor | null> {
    const selection = this.#narrow(wait.selection);
    return waitForChange(this.#hub, { ...wait, selection, lease: this.#lease }, signal);
  }

  #narrow(selection: Selection): Selection {
    if (this.#prefixes.length === 0) return selection;
    if ("keys" in selection) {
      requireWithin(this.#prefixes, selection.keys);
      return selection;
    }
    const set = narrowToOne(selection.set, this.#prefixes);
    return set === null ? NOTHING : { set };
  }
}
