// The console as a whole: its parts, and what happens between them. Views read its signals and call its methods; nothing in
// here draws. Whatever would leave a draft behind goes through `leaving`, which asks first.
import { effect, type Signal, signal, untracked } from "@preact/signals";
import { every, keptInBrowser, keptInTab, nowMs, sleep } from "../browser.ts";
import { Activity } from "./activity.ts";
import type { Content } from "./entry-asks.ts";
import { writeAsk } from "./entry-asks.ts";
import { isFault, toFault } from "./fault.ts";
import { FolderList } from "./folder-list.ts";
import type { Kept } from "./kept.ts";
import { type KeyChange, KeyList } from "./key-list.ts";
import { KeyReader } from "./key-reader.ts";
import { LiveFeed } from "./live-feed.ts";
import { Notices } from "./notices.ts";
import { OpenedEntry } from "./opened-entry.ts";
import { type Place, Places } from "./place.ts";
import { Removals } from "./removals.ts";
import { Requests } from "./requests.ts";
import type { Selection } from "./selection.ts";
import { Session } from "./session.ts";
import { Tokens } from "./tokens.ts";
import { Transfer } from "./transfer.ts";

export type DialogName = "shortcuts" | "create" | "end" | "delete-marked" | "delete-list" | "requests" | "token";
export type Theme = "system" | "light" | "dark";

export class ConsoleApp {
  readonly session: Session;
  readonly requests: Requests;
  readonly places = new Places();
  readonly notices = new Notices();
  readonly list: KeyList;
  readonly folders: FolderList;
  readonly opened: OpenedEntry;
  readonly removals: Removals;
  readonly live: LiveFeed;
  readonly activity: Activity;
  readonly tokens: Tokens;
  readonly transfer: Transfer;
  readonly dialog: Signal<DialogName | null> = signal(null);
  /** What goes on once a draft may be lost; null while nothing asks. */
  readonly leave: Signal<(() => void) | null> = signal(null);
  /** The key that the keyboard is at; null for none. */
  readonly active: Signal<string | null> = signal(null);
  readonly theme: Signal<Theme> = signal("system");
  /** Ticks once a second, for what counts down. */
  readonly clock: Signal<number> = signal(nowMs());
  readonly #keptTheme: Kept = keptInBrowser("keyhold-theme");
  #stops: readonly (() => void)[] = [];

  constructor(origin: string) {
    const now = nowMs;
    this.session = new Session({
      origin,
      tab: keptInTab("keyhold-token"),
      browser: keptInBrowser("keyhold-token"),
    });
    this.requests = new Requests({ session: this.session, now });
    const reader = new KeyReader(this.requests);
    this.list = new KeyList({ reader, now });
    this.folders = new FolderList({ reader, now, sleep });
    this.opened = new OpenedEntry({ requests: this.requests, now });
    this.removals = new Removals({ requests: this.requests, notices: this.notices, now });
    this.live = new LiveFeed({
      session: this.session,
      onChanges: (changes) => this.#happened(changes),
      onReset: () => void this.reload(),
    });
    this.activity = new Activity({ requests: this.requests, now });
    this.tokens = new Tokens(this.requests);
    this.transfer = new Transfer({ requests: this.requests, notices: this.notices });
    const kept = this.#keptTheme.read();
    if (kept === "light" || kept === "dark") this.theme.value = kept;
  }

  start(): void {
    effect(() => {
      document.documentElement.dataset["theme"] = this.theme.value;
    });
    effect(() => {
      const isIn = this.session.access.value.kind === "in";
      untracked(() => (isIn ? this.#enter() : this.#leaveAll()));
    });
    every(1000, () => {
      this.clock.value = nowMs();
    });
    void this.session.check();
  }

  setTheme(theme: Theme): void {
    this.theme.value = theme;
    this.#keptTheme.write(theme === "system" ? null : theme);
  }

  /** Goes somewhere else, unless a draft would be lost that somebody wants to keep. */
  go(change: Partial<Place>, isStep = true): void {
    const before = this.places.place.peek();
    const isLeaving = (change.key !== undefined && change.key !== before.key) || (change.view ?? "keys") !== "keys";
    const move = () => this.places.go(change, isStep);
    if (isLeaving) this.leaving(move);
    else move();
  }

  leaving(move: () => void): void {
    if (!this.opened.isDirty.peek()) {
      move();
      return;
    }
    this.leave.value = () => {
      this.opened.discard();
      move();
    };
  }

  /** Reads list and folders anew, from now on. */
  async reload(): Promise<void> {
    const selection = this.list.selection;
    await Promise.all([this.#follow(selection), this.folders.refresh(), this.opened.reload()]);
  }

  /** @throws KeyholdError, "already-exists" among them */
  async create(key: string, content: Content): Promise<void> {
    await this.requests.act("Create", writeAsk(key, content, { is: "absent" }));
    this.notices.tell(`Created “${key}”`);
    this.list.apply([{ kind: "put", key }]);
    this.go({ view: "keys", key });
  }

  async remove(keys: readonly string[]): Promise<void> {
    const next = this.#neighbour(keys);
    const { deleted } = await this.removals.remove(keys);
    this.list.apply(deleted.map(({ key }) => ({ kind: "gone" as const, key })));
    const open = this.places.place.peek().key;
    if (deleted.some(({ key }) => key === open)) {
      this.opened.discard();
      this.places.go({ key: null }, false);
    }
    this.active.value = next;
  }

  /** Does something that the server may refuse, which is then told. @returns whether it went well */
  async attempt(step: () => Promise<unknown>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (!isFault(error, "unauthenticated")) this.notices.tellFault(toFault(error));
      return false;
    }
  }

  /** Where the keyboard goes once these are gone. */
  #neighbour(keys: readonly string[]): string | null {
    const index = this.list.indexOf(keys[0] ?? "");
    if (index === null) return null;
    const around = [...this.list.names(index + 1, index + 2), ...this.list.names(Math.max(0, index - 1), index)];
    return around.find((name) => name !== null && !keys.includes(name)) ?? null;
  }

  #enter(): void {
    const place = this.places.place;
    const stops = [
      effect(() => {
        const { prefix, filter } = place.value;
        untracked(() => {
          void this.#follow({ prefix, filter });
          if (prefix !== "") void this.folders.reveal(prefix);
        });
      }),
      effect(() => {
        const { view, key } = place.value;
        untracked(() => {
          if (view === "keys" && key !== null) void this.opened.open(key);
          else this.opened.close();
          if (key !== null) this.active.value = key;
        });
      }),
    ];
    this.#stops = stops;
    void this.folders.refresh();
  }

  #leaveAll(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.live.stop();
    this.opened.close();
    this.dialog.value = null;
  }

  async #follow(selection: Selection): Promise<void> {
    this.live.stop();
    const cursor = await this.list.open(selection);
    const current = this.list.selection;
    if (cursor !== null && current.prefix === selection.prefix && current.filter === selection.filter) {
      this.live.follow(selection, cursor);
    }
  }

  #happened(changes: readonly KeyChange[]): void {
    this.list.apply(changes);
    this.folders.note(changes.filter(({ kind }) => kind !== "touched").map(({ key }) => key));
    const own = changes.find(({ key }) => key === this.opened.key);
    if (own !== undefined) void this.opened.noticeChange(own.kind);
    this.list.recount();
  }
}
