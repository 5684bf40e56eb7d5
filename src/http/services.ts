// What routes may use: made once by the composition root, never changed.
import type { TokenBook } from "../auth/token-book.ts";
import type { Entries } from "../service/entries.ts";
import type { WatchHub } from "../service/watch/hub.ts";
import type { Store } from "../store/store.ts";
import type { ServerFacts } from "./admin-handlers.ts";
import type { Dialect } from "./dialect.ts";

export interface Services {
  readonly store: Store;
  readonly entries: Entries;
  readonly hub: WatchHub;
  readonly tokens: TokenBook;
  readonly facts: ServerFacts;
  readonly rawDialect: Dialect;
  readonly jsonDialect: Dialect;
}
