// Changes as watchers are shown them, each with what stands under its key when it is sent. A batch is made once for all who
// are sent it, and remembers the forms in which it has been written down.
import { type EpochMs, isAlive } from "../../core/expiry.ts";
import type { LoggedChange } from "../../store/store.ts";
import type { ShownEntry } from "./shown-entries.ts";

export interface ChangeEvent {
  readonly change: LoggedChange;
  /** What stands under the key, where the change's kind and the interest ask for it; null where that is nothing. */
  readonly entry: ShownEntry | null;
}

export class ChangeBatch {
  readonly events: readonly ChangeEvent[];
  /** What it takes to keep it, in UTF-16 units, roughly. */
  readonly length: number;
  readonly #ends: readonly EpochMs[];
  readonly #forms = new Map<string, Uint8Array>();

  constructor(events: readonly ChangeEvent[]) {
    this.events = events;
    this.length = events.reduce((sum, event) => sum + lengthOf(event), 0);
    this.#ends = events.flatMap(({ entry }) => (entry === null || entry.expiresAt === null ? [] : [entry.expiresAt]));
  }

  /** Whether everything that it shows is still there. */
  isCurrent(now: EpochMs): boolean {
    return this.#ends.every((end) => isAlive(end, now));
  }

  /** Writes the batch down in a form, or gives what was written before. */
  inForm(form: string, write: (events: readonly ChangeEvent[]) => Uint8Array): Uint8Array {
    const standing = this.#forms.get(form);
    if (standing !== undefined) return standing;
    const written = write(this.events);
    this.#forms.set(form, written);
    return written;
  }
}

/** Members of an event besides key and value take about this much. */
const EVENT_LENGTH = 100;

/** What a change takes with what is shown of its entry, in UTF-16 units, roughly. */
export function lengthOf({ change, entry }: ChangeEvent): number {
  return EVENT_LENGTH + change.key.length + (entry?.text?.length ?? 0);
}
