// Short messages about what has been done, some with a way back. They leave by themselves, but not while somebody is at
// them with pointer or keyboard.
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Fault } from "./fault.ts";

export interface Notice {
  readonly id: number;
  readonly tone: "good" | "bad";
  readonly text: string;
  readonly detail: string | null;
  readonly action: { readonly label: string; readonly run: () => void } | null;
  /** How long it stays. */
  readonly staysMs: number;
}

const UNDO_MS = 20_000;
const STAYS_MS = 4000;
const FAULT_STAYS_MS = 12_000;
const SHOWN = 4;

export class Notices {
  readonly #shown = signal<readonly Notice[]>([]);
  #lastId = 0;

  get shown(): ReadonlySignal<readonly Notice[]> {
    return this.#shown;
  }

  tell(text: string): void {
    this.#add({ tone: "good", text, detail: null, action: null, staysMs: STAYS_MS });
  }

  tellUndo(text: string, run: () => void): void {
    this.#add({ tone: "good", text, detail: null, action: { label: "Undo", run }, staysMs: UNDO_MS });
  }

  tellFault({ title, detail }: Pick<Fault, "title" | "detail">): void {
    this.#add({ tone: "bad", text: title, detail, action: null, staysMs: FAULT_STAYS_MS });
  }

  dismiss(id: number): void {
    this.#shown.value = this.#shown.value.filter((notice) => notice.id !== id);
  }

  /** The latest that can be undone. */
  undoLatest(): void {
    const latest = this.#shown.value.findLast(({ action }) => action !== null);
    if (latest === undefined) return;
    this.dismiss(latest.id);
    latest.action?.run();
  }

  #add(notice: Omit<Notice, "id">): void {
    this.#shown.value = [...this.#shown.value, { ...notice, id: ++this.#lastId }].slice(-SHOWN);
  }
}
