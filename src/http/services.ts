// What routes may use: made once by the composition root, never changed.
import type { Metrics } from "../observe/registry.ts";
import type { Entries } from "../service/entries.ts";
import type { WatchHub } from "../service/watch/hub.ts";
import type { Store } from "../store/store.ts";
import type { ServerFacts } from "./admin-handlers.ts";
import type { Dialect } from "./dialect.ts";

export interface Services {
  readonly store: Store;
  readonly entries: Entries;
  readonly hub: WatchHub;
  readonly facts: ServerFacts;
  readonly metrics: Metrics;
  readonly rawDialect: Dialect;
  readonly jsonDialect: Dialect;
}
