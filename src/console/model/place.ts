// Where in the console somebody is, as the part of the address behind `#`: it can be kept as a bookmark and sent to others,
// the browser's back works, and the server never sees it.
import { type ReadonlySignal, signal } from "@preact/signals";
import { query } from "./ask.ts";

export const VIEWS = ["keys", "activity", "tokens", "transfer", "server"] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Place {
  readonly view: ViewName;
  readonly prefix: string;
  readonly filter: string;
  /** The entry that is open; null for none. */
  readonly key: string | null;
}

export const START: Place = { view: "keys", prefix: "", filter: "", key: null };

export function parsePlace(hash: string): Place {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const view = VIEWS.find((name) => name === path) ?? "keys";
  const parameters = new URLSearchParams(search);
  const read = (name: string) => parameters.get(name) ?? "";
  return { view, prefix: read("prefix"), filter: read("filter"), key: parameters.get("key") };
}

function toHash({ view, prefix, filter, key }: Place): string {
  return `#/${view}${view === "keys" ? query({ prefix, filter, key }) : ""}`;
}

export class Places {
  readonly #place = signal<Place>(START);

  constructor() {
    this.#place.value = parsePlace(location.hash);
    addEventListener("hashchange", () => {
      const place = parsePlace(location.hash);
      if (toHash(place) !== toHash(this.#place.value)) this.#place.value = place;
    });
  }

  get place(): ReadonlySignal<Place> {
    return this.#place;
  }

  /** @param isStep - whether back leads to where one was before */
  go(change: Partial<Place>, isStep = true): void {
    const place = { ...this.#place.value, ...change };
    const hash = toHash(place);
    if (hash === toHash(this.#place.value)) return;
    if (isStep) history.pushState(null, "", hash);
    else history.replaceState(null, "", hash);
    this.#place.value = place;
  }
}
