// Follows what happens to the keys of the list, from the very place at which the list was read, and hands it on a few times
// a second, each key once. The client resumes a broken stream by itself.
import { type ReadonlySignal, signal } from "@preact/signals";
import { after, sleep } from "../browser.ts";
import { type Fault, isAbort, isFault, toFault } from "./fault.ts";
import type { KeyChange } from "./key-list.ts";
import { type Selection, selecting } from "./selection.ts";
import type { Session } from "./session.ts";

export type LiveState =
  | { readonly kind: "off" }
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  /** It does not go on by itself: the token does not allow it, or the server cannot. */
  | { readonly kind: "refused"; readonly fault: Fault };

const FLUSH_MS = 150;
const RETRY_MS = 3000;

export class LiveFeed {
  readonly #session: Session;
  readonly #onChanges: (changes: readonly KeyChange[]) => void;
  readonly #onReset: () => void;
  readonly #state = signal<LiveState>({ kind: "off" });
  #running = new AbortController();
  #pending = new Map<string, KeyChange>();
  #isFlushing = false;

  /** @param parts.onReset - what was missed cannot be told: everything is to be read anew */
  constructor(parts: {
    readonly session: Session;
    readonly onChanges: (changes: readonly KeyChange[]) => void;
    readonly onReset: () => void;
  }) {
    this.#session = parts.session;
    this.#onChanges = parts.onChanges;
    this.#onReset = parts.onReset;
  }

  get state(): ReadonlySignal<LiveState> {
    return this.#state;
  }

  /** @param cursor - where to go on from */
  follow(selection: Selection, cursor: string | null): void {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.#state.value = { kind: "connecting" };
    void this.#follow(selection, cursor, running.signal);
  }

  stop(): void {
    this.#running.abort();
    this.#pending.clear();
    this.#state.value = { kind: "off" };
  }

  async #follow(selection: Selection, cursor: string | null, signal: AbortSignal): Promise<void> {
    try {
      await this.#listen(selection, cursor, signal);
    } catch (error) {
      if (isAbort(error, signal)) return;
      if (isFault(error, "unauthenticated")) {
        this.#session.refused();
        return;
      }
      this.#state.value = { kind: "refused", fault: toFault(error) };
      if (isFault(error, "forbidden")) return;
    }
    await sleep(RETRY_MS);
    if (!signal.aborted) this.#onReset();
  }

  async #listen(selection: Selection, cursor: string | null, signal: AbortSignal): Promise<void> {
    const { prefix, filter } = selecting(selection);
    const wanted = { values: false, touches: true, ...(prefix === "" ? {} : { prefix }) };
    const events = this.#session.client.watch({
      ...wanted,
      ...(filter === null ? {} : { filter }),
      since: cursor ?? "now",
      signal,
      onConnection: ({ is }) => {
        if (!signal.aborted) this.#state.value = { kind: is === "open" ? "live" : "connecting" };
      },
    });
    for await (const event of events) {
      if (signal.aborted) return;
      if (event.type === "reset") {
        this.#onReset();
        return;
      }
      if (event.type === "put") this.#take({ kind: "put", key: event.key });
      else if (event.type === "touch") this.#take({ kind: "touched", key: event.key });
      else if (event.type === "delete" || event.type === "expire") this.#take({ kind: "gone", key: event.key });
    }
  }

  #take(change: KeyChange): void {
    const before = this.#pending.get(change.key);
    if (change.kind !== "touched" || before === undefined) this.#pending.set(change.key, change);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    after(FLUSH_MS, () => {
      this.#isFlushing = false;
      const changes = [...this.#pending.values()];
      this.#pending = new Map();
      if (changes.length > 0) this.#onChanges(changes);
    });
  }
}
