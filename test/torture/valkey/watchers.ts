// Watchers beside the loads of failover: one of replicated:1, which must be told of every entry that was acknowledged, and one of
// applied, which must notice that a fail-over has lost what it was told of. In the end both must hold what the store holds.
import { pollUntil } from "../../support/poll-until.ts";
import { WatchCollector } from "../../support/watch-collector.ts";
import { PATIENCE_MS } from "./failing-servers.ts";
import type { Promised, PromiseLoads, Promiser } from "./promise-loads.ts";

const WATCHED: readonly Promised[] = ["applied", "replicated:1"];

interface Watcher {
  readonly promiser: Promiser;
  readonly collector: WatchCollector;
}

export class Watchers {
  readonly #watchers: readonly Watcher[];
  readonly #prefix: string;

  private constructor(watchers: readonly Watcher[], prefix: string) {
    this.#watchers = watchers;
    this.#prefix = prefix;
  }

  /** They are told of what is written from now on. */
  static async start(promisers: readonly Promiser[], prefix: string): Promise<Watchers> {
    const watched = promisers.filter(({ judgedAs }) => WATCHED.includes(judgedAs));
    const start = async (promiser: Promiser) => ({
      promiser,
      collector: await WatchCollector.start(promiser.server.url, prefix),
    });
    return new Watchers(await Promise.all(watched.map(start)), prefix);
  }

  /** How often one of them was told that it may have missed something. */
  get resets(): number {
    return this.#watchers.reduce((sum, { collector }) => sum + collector.resets, 0);
  }

  /** Resolves when they hold what is there; after the loads have stopped. @throws Error with what they do not */
  async untilSame(loads: PromiseLoads): Promise<void> {
    for (const { promiser, collector } of this.#watchers) {
      if (promiser.judgedAs === "replicated:1") await collector.untilSeen(loads.createdAt(promiser), PATIENCE_MS);
      let difference = "";
      const isSame = async () => {
        difference = differenceOf(collector.present, await this.#namesAt(promiser));
        return difference === "";
      };
      await pollUntil(isSame, { ms: PATIENCE_MS, what: () => `The watcher of ${promiser.promise} ${difference}` });
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#watchers.map(({ collector }) => collector.stop()));
  }

  /** Null while the server refuses. */
  async #namesAt({ server }: Promiser): Promise<ReadonlySet<string> | null> {
    const response = await fetch(`${server.url}/keys?keys&prefix=${encodeURIComponent(this.#prefix)}`);
    const text = await response.text();
    if (!response.ok) return null;
    const names: readonly string[] = JSON.parse(text);
    return new Set(names);
  }
}

/** Empty for none. */
function differenceOf(held: ReadonlySet<string>, names: ReadonlySet<string> | null): string {
  if (names === null) return "has nothing to be compared with: the listing is refused";
  const missing = [...names].filter((name) => !held.has(name));
  const gone = [...held].filter((name) => !names.has(name));
  if (missing.length === 0 && gone.length === 0) return "";
  return `lacks ${missing.length} entries, such as ${missing[0]}, and has ${gone.length} that are gone, such as ${gone[0]}`;
}
