// The entry that is looked at, and what is being made of it. A draft remembers the state that it began from; saving holds only
// if that state still stands (If-Match), and otherwise brings both versions before whoever is editing.
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { type Content, type End, endAsk, type FullEntry, type Guard, writeAsk } from "./entry-asks.ts";
import { type Fault, isAbort, isFault, toFault } from "./fault.ts";
import { readEntry } from "./full-entry.ts";
import type { Requests } from "./requests.ts";

export type Opened =
  | { readonly kind: "none" }
  | { readonly kind: "loading"; readonly key: string }
  | { readonly kind: "missing"; readonly key: string; readonly why: "never" | "gone" }
  | { readonly kind: "failed"; readonly key: string; readonly fault: Fault }
  | { readonly kind: "entry"; readonly entry: FullEntry };

export interface Draft {
  readonly base: FullEntry;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

/** What stands on the server when a save is refused; null where the entry is gone. */
export interface Conflict {
  readonly draft: Draft;
  readonly theirs: FullEntry | null;
}

export class OpenedEntry {
  readonly #requests: Requests;
  readonly #now: () => number;
  readonly #opened = signal<Opened>({ kind: "none" });
  readonly #draft = signal<Draft | null>(null);
  readonly #conflict = signal<Conflict | null>(null);
  readonly #isOvertaken = signal(false);
  readonly #isSaving = signal(false);
  #reading = new AbortController();

  constructor({ requests, now }: { readonly requests: Requests; readonly now: () => number }) {
    this.#requests = requests;
    this.#now = now;
  }

  get opened(): ReadonlySignal<Opened> {
    return this.#opened;
  }

  get draft(): ReadonlySignal<Draft | null> {
    return this.#draft;
  }

  get conflict(): ReadonlySignal<Conflict | null> {
    return this.#conflict;
  }

  /** Whether somebody has changed the entry while a draft of it stands here. */
  get isOvertaken(): ReadonlySignal<boolean> {
    return this.#isOvertaken;
  }

  get isSaving(): ReadonlySignal<boolean> {
    return this.#isSaving;
  }

  readonly isDirty: ReadonlySignal<boolean> = computed(() => {
    const draft = this.#draft.value;
    if (draft === null) return false;
    return draft.contentType !== draft.base.contentType || !areSame(draft.bytes, draft.base.bytes);
  });

  get key(): string | null {
    const opened = this.#opened.value;
    if (opened.kind === "none") return null;
    return opened.kind === "entry" ? opened.entry.key : opened.key;
  }

  async open(key: string): Promise<void> {
    if (this.key === key && this.#opened.value.kind === "entry") return;
    this.#drop();
    this.#opened.value = { kind: "loading", key };
    await this.#read(key, true);
  }

  close(): void {
    this.#drop();
    this.#opened.value = { kind: "none" };
  }

  /** Takes what is on the server now; a draft stays. */
  async reload(): Promise<void> {
    if (this.key !== null) await this.#read(this.key, false);
  }

  /** Something has happened to the entry on the server, perhaps by us. */
  async noticeChange(kind: "put" | "gone" | "touched"): Promise<void> {
    const { key } = this;
    if (key === null || this.#isSaving.value) return;
    if (kind !== "gone") {
      await this.#read(key, false);
      return;
    }
    if (this.#draft.value !== null) this.#isOvertaken.value = true;
    else this.#opened.value = { kind: "missing", key, why: "gone" };
  }

  edit(): void {
    const opened = this.#opened.value;
    if (opened.kind !== "entry" || this.#draft.value !== null) return;
    const { entry } = opened;
    this.#draft.value = { base: entry, bytes: entry.bytes, contentType: entry.contentType };
  }

  change(change: Partial<Pick<Draft, "bytes" | "contentType">>): void {
    const draft = this.#draft.value;
    if (draft !== null) this.#draft.value = { ...draft, ...change };
  }

  discard(): void {
    this.#draft.value = null;
    this.#conflict.value = null;
    if (this.#isOvertaken.value) void this.reload();
    this.#isOvertaken.value = false;
  }

  /** @returns whether it has been saved; where somebody was quicker, `conflict` says so. @throws KeyholdError */
  async save(): Promise<boolean> {
    const draft = this.#draft.value;
    if (draft === null) return false;
    return await this.#put(draft, { is: "unchanged", etag: draft.base.etag });
  }

  /** Puts the draft in place of what the conflict has shown, and of nothing later. @throws KeyholdError */
  async overwrite(): Promise<boolean> {
    const conflict = this.#conflict.value;
    if (conflict === null) return false;
    const { theirs, draft } = conflict;
    return await this.#put(draft, theirs === null ? { is: "absent" } : { is: "unchanged", etag: theirs.etag });
  }

  /** Goes on editing, on top of what the conflict has shown: the next save replaces it. */
  keepEditing(): void {
    const conflict = this.#conflict.value;
    this.#conflict.value = null;
    if (conflict?.theirs != null) this.#draft.value = { ...conflict.draft, base: conflict.theirs };
    this.#isOvertaken.value = false;
  }

  /** @throws KeyholdError */
  async changeEnd(end: End): Promise<void> {
    const { key } = this;
    if (key === null) return;
    await this.#requests.act("Change the end", endAsk(key, end));
    if (this.key === key) await this.#read(key, false);
  }

  async #put(draft: Draft, guard: Guard): Promise<boolean> {
    const { key } = draft.base;
    this.#isSaving.value = true;
    try {
      await this.#requests.act("Save", writeAsk(key, contentOf(draft, this.#standing(), this.#now()), guard));
      // Whoever has gone on to another entry meanwhile stays there.
      if (this.key !== key) return true;
      this.#drop();
      await this.#read(key, false);
      return true;
    } catch (error) {
      if (!isFault(error, "precondition-failed")) throw error;
      const theirs = await this.#readTheirs(key);
      if (this.key === key) this.#conflict.value = { draft, theirs };
      return false;
    } finally {
      this.#isSaving.value = false;
    }
  }

  /** The end may have been changed while the draft stood: that is no conflict, and the later one counts. */
  #standing(): FullEntry | null {
    const opened = this.#opened.value;
    return opened.kind === "entry" ? opened.entry : null;
  }

  async #readTheirs(key: string): Promise<FullEntry | null> {
    try {
      return await readEntry(key, this.#by(false), new AbortController().signal);
    } catch (error) {
      if (isFault(error, "not-found")) return null;
      throw error;
    }
  }

  async #read(key: string, isShown: boolean): Promise<void> {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      const entry = await readEntry(key, this.#by(isShown), signal);
      if (signal.aborted) return;
      this.#opened.value = { kind: "entry", entry };
      const draft = this.#draft.value;
      if (draft !== null && draft.base.etag !== entry.etag) this.#isOvertaken.value = true;
    } catch (error) {
      if (isAbort(error, signal)) return;
      if (isFault(error, "not-found")) this.#opened.value = { kind: "missing", key, why: isShown ? "never" : "gone" };
      else this.#opened.value = { kind: "failed", key, fault: toFault(error) };
    }
  }

  #by(isShown: boolean) {
    return { requests: this.#requests, now: this.#now, isShown };
  }

  #drop(): void {
    this.#reading.abort();
    this.#draft.value = null;
    this.#conflict.value = null;
    this.#isOvertaken.value = false;
  }
}

/** What a draft is saved as: with the end that the entry has, unless that has passed, as nothing can be saved to end then. */
export function contentOf(draft: Draft, standing: FullEntry | null, nowMs: number): Content {
  const { expiresAt } = standing?.key === draft.base.key ? standing : draft.base;
  const isPassed = expiresAt !== null && expiresAt <= nowMs;
  return { bytes: draft.bytes, contentType: draft.contentType, expiresAt: isPassed ? null : expiresAt };
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, index) => byte === b[index]));
}
