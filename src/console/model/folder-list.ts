// The tree beside the list: which folders are open, what is in them, and how many keys each has. What happens on the server
// makes folders appear and counts go up; folders that have become empty stay until the tree is read anew.
import { type ReadonlySignal, signal } from "@preact/signals";
import { isAbort } from "./fault.ts";
import type { KeyReader } from "./key-reader.ts";
import { FOLDERS_MAX, type Folder, folderOf, readFolders } from "./prefix-tree.ts";

export interface FolderRow extends Folder {
  readonly depth: number;
  readonly isOpen: boolean;
  /** Null until it has been counted. */
  readonly count: number | null;
}

export interface FolderListParts {
  readonly reader: KeyReader;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Level {
  readonly folders: readonly Folder[];
  readonly isCut: boolean;
}

export type Delimiters = "/:" | "/" | ":";

/** Folders whose keys are counted. */
const COUNTED_MAX = 100;
/** Between counts of folders that have changed, the second times what the last count took. */
const REST_MS = 250;
const REST_TIMES = 10;

export class FolderList {
  readonly #reader: KeyReader;
  readonly #now: () => number;
  readonly #sleep: FolderListParts["sleep"];
  readonly #rows = signal<readonly FolderRow[]>([]);
  readonly #isCut = signal(false);
  readonly #levels = new Map<string, Level>();
  readonly #counts = new Map<string, number>();
  readonly #open = new Set<string>([""]);
  #delimiters: Delimiters = "/:";
  #running = new AbortController();
  #stale = new Set<string>();
  #isCounting = false;

  constructor({ reader, now, sleep }: FolderListParts) {
    this.#reader = reader;
    this.#now = now;
    this.#sleep = sleep;
  }

  /** The folders in sight, in the order in which they stand. */
  get rows(): ReadonlySignal<readonly FolderRow[]> {
    return this.#rows;
  }

  /** Whether a level has more folders than are shown. */
  get isCut(): ReadonlySignal<boolean> {
    return this.#isCut;
  }

  get delimiters(): Delimiters {
    return this.#delimiters;
  }

  async refresh(delimiters: Delimiters = this.#delimiters): Promise<void> {
    this.#running.abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    if (delimiters !== this.#delimiters) {
      this.#open.clear();
      this.#open.add("");
    }
    this.#delimiters = delimiters;
    this.#levels.clear();
    this.#stale = new Set(this.#counts.keys());
    await Promise.all([...this.#open].map((prefix) => this.#read(prefix, signal)));
  }

  async toggle(prefix: string): Promise<void> {
    if (this.#open.delete(prefix)) this.#lay();
    else await this.openFolder(prefix);
  }

  async openFolder(prefix: string): Promise<void> {
    this.#open.add(prefix);
    await this.#read(prefix, this.#running.signal);
  }

  /** Opens what leads to a prefix, so that it is in sight. */
  async reveal(prefix: string): Promise<void> {
    const outer = [...this.#trail(prefix)].filter((each) => !this.#open.has(each));
    for (const each of outer) await this.openFolder(each);
  }

  /** Takes keys that have been put or are gone. */
  note(keys: readonly string[]): void {
    for (const key of keys) {
      for (const [prefix, level] of this.#levels) {
        if (!key.startsWith(prefix)) continue;
        const folder = folderOf(key, prefix, this.#delimiters);
        if (folder === null) continue;
        if (level.folders.some((each) => each.prefix === folder.prefix)) this.#stale.add(folder.prefix);
        else this.#levels.set(prefix, withFolder(level, folder));
      }
    }
    this.#lay();
    this.#count(this.#running.signal);
  }

  async #read(prefix: string, signal: AbortSignal): Promise<void> {
    try {
      const level = await readFolders(prefix, this.#delimiters, async (range) => {
        const selection = { prefix: range.prefix, filter: "" };
        return (await this.#reader.names(selection, { start: range.start, limit: range.limit }, signal)).names;
      });
      if (signal.aborted) return;
      this.#levels.set(prefix, level);
      this.#lay();
      this.#count(signal);
    } catch (error) {
      // The list says what is wrong; a tree beside it would only say it again.
      if (!isAbort(error, signal)) this.#rows.value = [];
    }
  }

  #lay(): void {
    const rows: FolderRow[] = [];
    const add = (prefix: string, depth: number) => {
      for (const folder of this.#levels.get(prefix)?.folders ?? []) {
        const isOpen = this.#open.has(folder.prefix);
        rows.push({ ...folder, depth, isOpen, count: this.#counts.get(folder.prefix) ?? null });
        if (isOpen) add(folder.prefix, depth + 1);
      }
    };
    add("", 0);
    this.#rows.value = rows;
    this.#isCut.value = [...this.#levels.values()].some((level) => level.isCut);
  }

  #count(signal: AbortSignal): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#countAll(signal)
      .catch(() => {})
      .finally(() => {
        this.#isCounting = false;
        // The tree was read anew meanwhile, which could not begin another count beside this one.
        if (signal.aborted) this.#count(this.#running.signal);
      });
  }

  /** One folder after the other, with rests as long that counting never keeps a server busy. */
  async #countAll(signal: AbortSignal): Promise<void> {
    for (;;) {
      const rows = this.#rows.peek().slice(0, COUNTED_MAX);
      const fresh = rows.find(({ prefix }) => !this.#counts.has(prefix));
      const next = fresh ?? rows.find(({ prefix }) => this.#stale.has(prefix));
      if (next === undefined || signal.aborted) return;
      const startedAt = this.#now();
      this.#stale.delete(next.prefix);
      const count = await this.#reader.count({ prefix: next.prefix, filter: "" }, signal);
      this.#counts.set(next.prefix, count);
      this.#lay();
      if (fresh === undefined) await this.#sleep(REST_MS + REST_TIMES * (this.#now() - startedAt));
    }
  }

  #trail(prefix: string): readonly string[] {
    const trail: string[] = [];
    let from = "";
    for (let next = folderOf(prefix, from, this.#delimiters); next !== null; ) {
      if (next.prefix !== prefix) trail.push(next.prefix);
      from = next.prefix;
      next = folderOf(prefix, from, this.#delimiters);
    }
    return trail;
  }
}

/** With one that has appeared, where there is room for it. */
function withFolder(level: Level, folder: Folder): Level {
  if (level.folders.length >= FOLDERS_MAX) return { ...level, isCut: true };
  const folders = [...level.folders, folder].toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));
  return { ...level, folders };
}
