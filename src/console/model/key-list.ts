// The list of keys as it stands on the screen: reads what comes into view, keeps what is marked, and takes what happens
// meanwhile. Reading goes on by itself until the rows asked for last are there; a new selection gives up what runs.
import { type ReadonlySignal, signal } from "@preact/signals";
import { compareKeys } from "../../core/key.ts";
import { type Fault, isAbort, toFault } from "./fault.ts";
import type { KeyReader, RowDetail } from "./key-reader.ts";
import { KeyWindow, type Wanted } from "./key-window.ts";
import { EVERY_KEY, type Selection } from "./selection.ts";

export type ListState =
  | { readonly kind: "loading" }
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly fault: Fault };

export interface KeyChange {
  readonly kind: "put" | "gone" | "touched";
  readonly key: string;
}

const FIRST_PAGE_KEYS = 200;
const PAGE_KEYS = 2000;
/** What is read at once where somebody has jumped far ahead; the server's bound of a page. */
const JUMP_KEYS = 10_000;
const DETAILS_KEPT = 3000;
/** Pages of details for one screen: long values come few to a page. */
const DETAIL_PAGES = 3;
/** Between two counts of a list that changes, the second times what the last count took. */
const COUNT_REST_MS = 2000;
const COUNT_REST_TIMES = 20;

export class KeyList {
  readonly #reader: KeyReader;
  readonly #now: () => number;
  readonly #state = signal<ListState>({ kind: "loading" });
  readonly #version = signal(0);
  readonly #marked = signal<ReadonlySet<string>>(new Set());
  readonly #total = signal<number | null>(null);
  #selection: Selection = EVERY_KEY;
  #window = new KeyWindow();
  #details = new Map<string, RowDetail>();
  #cursor: string | null = null;
  #running = new AbortController();
  #view = { from: 0, to: 50 };
  #countAgainAt = 0;
  #isFilling = false;
  #filled: Promise<void> = Promise.resolve();

  constructor({ reader, now }: { readonly reader: KeyReader; readonly now: () => number }) {
    this.#reader = reader;
    this.#now = now;
  }

  get state(): ReadonlySignal<ListState> {
    return this.#state;
  }

  /** Grows whenever names or details are others. */
  get version(): ReadonlySignal<number> {
    return this.#version;
  }

  get marked(): ReadonlySignal<ReadonlySet<string>> {
    return this.#marked;
  }

  /** What the server has counted, or what is known once the end has been seen; null until then. */
  get total(): ReadonlySignal<number | null> {
    return this.#total;
  }

  get selection(): Selection {
    return this.#selection;
  }

  get length(): number {
    return this.#window.length;
  }

  /** Whether the last row is the last key, and not only as far as has been read. */
  get isWhole(): boolean {
    return this.#window.isWhole;
  }

  names(from: number, to: number): readonly (string | null)[] {
    return this.#window.names(from, to);
  }

  detail(key: string): RowDetail | null {
    return this.#details.get(key) ?? null;
  }

  indexOf(key: string): number | null {
    return this.#window.indexOf(key);
  }

  /** Begins anew. Resolves to where a watch goes on from once the first rows are there; null where they cannot be read. */
  async open(selection: Selection): Promise<string | null> {
    this.#running.abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.#selection = selection;
    this.#marked.value = new Set();
    try {
      const page = await this.#reader.names(selection, { limit: FIRST_PAGE_KEYS }, signal);
      this.#window = new KeyWindow();
      this.#details = new Map();
      this.#view = { from: 0, to: 50 };
      this.#isFilling = false;
      this.#take(page.names, page.cursor);
      this.#total.value = page.cursor === null ? page.names.length : null;
      this.#state.value = { kind: "ready" };
      this.#fill(signal);
      if (page.cursor !== null) this.#count(signal);
      return page.feedCursor;
    } catch (error) {
      if (!isAbort(error, signal)) this.#state.value = { kind: "failed", fault: toFault(error) };
      return null;
    }
  }

  /** Says which rows are on the screen, or soon will be. */
  show(from: number, to: number): void {
    if (from === this.#view.from && to === this.#view.to) return;
    this.#view = { from, to };
    this.#fill(this.#running.signal);
  }

  /** The key at a place, once it has been read; of a place behind the end the last key. Null where there is none. */
  async nameAt(index: number): Promise<string | null> {
    this.show(Math.max(0, index - 30), index + 30);
    await this.#filled;
    const last = Math.min(index, this.length - 1);
    return this.names(last, last + 1)[0] ?? null;
  }

  mark(keys: Iterable<string>): void {
    this.#marked.value = new Set(keys);
  }

  toggle(key: string): void {
    const marked = new Set(this.#marked.value);
    if (!marked.delete(key)) marked.add(key);
    this.#marked.value = marked;
  }

  /** Takes what has happened on the server. */
  apply(changes: readonly KeyChange[]): void {
    let isMoved = false;
    for (const { kind, key } of changes) {
      this.#details.delete(key);
      if (kind === "put") isMoved = this.#window.insert(key) || isMoved;
      if (kind !== "gone") continue;
      isMoved = this.#window.remove(key) || isMoved;
      if (this.#marked.value.has(key)) this.toggle(key);
    }
    if (this.#window.isWhole) this.#total.value = this.#window.length;
    this.#changed();
    this.#fill(this.#running.signal);
  }

  /** Counts again, where the end of the list has not been seen; not so often that it would keep a server busy. */
  recount(): void {
    if (!this.#window.isWhole && this.#now() > this.#countAgainAt) this.#count(this.#running.signal);
  }

  #fill(signal: AbortSignal): void {
    if (this.#isFilling) return;
    this.#isFilling = true;
    this.#filled = this.#readOn(signal)
      .catch((error: unknown) => {
        if (!isAbort(error, signal)) this.#state.value = { kind: "failed", fault: toFault(error) };
      })
      .finally(() => {
        if (!signal.aborted) this.#isFilling = false;
      });
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    for (;;) {
      const wanted = this.#window.wanted(this.#view.from, this.#view.to);
      if (wanted !== null) await this.#read(wanted, signal);
      else if (!(await this.#readDetails(signal))) return;
      signal.throwIfAborted();
      this.#changed();
    }
  }

  async #read(wanted: Wanted, signal: AbortSignal): Promise<void> {
    if (wanted.kind === "further") {
      const isJump = this.#view.to - this.#window.known > 2 * PAGE_KEYS;
      const range = { cursor: this.#cursor, limit: isJump ? JUMP_KEYS : PAGE_KEYS };
      const page = await this.#reader.names(this.#selection, range, signal);
      if (!signal.aborted) this.#take(page.names, page.cursor);
      return;
    }
    const { start, end, lastKey } = wanted;
    const page = await this.#reader.names(this.#selection, { start, end, limit: PAGE_KEYS }, signal);
    const names = end === null ? page.names.filter((name) => compareKeys(name, lastKey) <= 0) : page.names;
    if (!signal.aborted) this.#window.setSegment(start, names);
  }

  #take(names: readonly string[], cursor: string | null): void {
    this.#cursor = cursor;
    this.#window.addFurther(names, cursor === null);
    if (this.#window.isWhole) this.#total.value = this.#window.length;
    this.#changed();
  }

  /** Whether something was read that was missing. */
  async #readDetails(signal: AbortSignal): Promise<boolean> {
    const { from, to } = this.#view;
    const missing = () => this.names(from, to).filter((name) => name !== null && !this.#details.has(name));
    for (let page = 0; page < DETAIL_PAGES; page++) {
      const [start, ...rest] = missing();
      if (start === undefined || start === null) return page > 0;
      const found = await this.#reader.details(this.#selection, { start, limit: rest.length + 1 }, signal);
      if (signal.aborted || found.size === 0) return false;
      if (this.#details.size > DETAILS_KEPT) this.#details.clear();
      for (const [key, detail] of found) this.#details.set(key, detail);
      this.#changed();
      if (from !== this.#view.from || to !== this.#view.to) return true;
    }
    return false;
  }

  #count(signal: AbortSignal): void {
    const startedAt = this.#now();
    this.#countAgainAt = Number.POSITIVE_INFINITY;
    this.#reader.count(this.#selection, signal).then(
      (count) => {
        if (signal.aborted) return;
        this.#countAgainAt = this.#now() + COUNT_REST_MS + COUNT_REST_TIMES * (this.#now() - startedAt);
        if (this.#window.isWhole) return;
        this.#window.estimate(count);
        this.#total.value = count;
        this.#changed();
      },
      // The list goes on without a number: its end is found by going there.
      () => {
        if (!signal.aborted) this.#countAgainAt = this.#now() + COUNT_REST_MS;
      },
    );
  }

  #changed(): void {
    this.#version.value++;
  }
}
