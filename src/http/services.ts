// What routes may use: made once by the composition root, never changed; and what of it those may who come with a token.
import type { Subject } from "../auth/policy.ts";
import type { TokenBook } from "../auth/token-book.ts";
import type { Metrics } from "../observe/registry.ts";
import type { Entries } from "../service/entries.ts";
import { ScopedStore } from "../service/scoped-store.ts";
import type { HubView } from "../service/watch/hub-view.ts";
import type { Store } from "../store/store.ts";
import type { ServerFacts } from "./admin-handlers.ts";
import type { WebAssets } from "./assets/web-assets.ts";
import type { Dialect } from "./dialect.ts";

export interface Services {
  readonly store: Store;
  readonly entries: Entries;
  readonly hub: HubView;
  readonly tokens: TokenBook;
  readonly facts: ServerFacts;
  readonly metrics: Metrics;
  readonly rawDialect: Dialect;
  readonly jsonDialect: Dialect;
  readonly assets: WebAssets;
}

/** The services of each subject, made when it is seen first and kept for as long as it is. */
export class ServicesBySubject {
  readonly #services: Services;
  readonly #made = new WeakMap<Subject, Services>();

  constructor(services: Services) {
    this.#services = services;
  }

  of(subject: Subject): Services {
    const standing = this.#made.get(subject);
    if (standing !== undefined) return standing;
    const made = this.#make(subject);
    this.#made.set(subject, made);
    return made;
  }

  /** Store, entries and hub go together: a handler has no way to keys but these. */
  #make(subject: Subject): Services {
    const { tokens, hub, store, entries } = this.#services;
    const { prefixes } = subject;
    const view = hub.scopedTo({ prefixes, lease: (run) => tokens.onEnd(subject, run) });
    if (prefixes.length === 0) return { ...this.#services, hub: view };
    const scoped = new ScopedStore(store, prefixes);
    return { ...this.#services, hub: view, store: scoped, entries: entries.on(scoped) };
  }
}
