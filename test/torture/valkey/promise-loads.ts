// A Keyhold for each promise over the same servers, a load on each, and what of it was lost: what the methods failover and
// partition compare. Each failure hits all promises at once, so that their losses can be compared too.
import { startDoublingProxy } from "../../support/doubling-proxy.ts";
import type { Verdict } from "../../support/fault-client.ts";
import { FaultLoad } from "../../support/fault-load.ts";
import { withKeyholds } from "../../support/keyhold-fleet.ts";
import { pollUntil } from "../../support/poll-until.ts";
import { makeSeededRandom } from "../../support/seeded-random.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import { PATIENCE_MS } from "./failing-servers.ts";
import type { LossTally } from "./loss-tally.ts";

export const PROMISES = ["applied", "fsync", "replicated:1", "replicated:1+fsync"] as const;
export type Promised = (typeof PROMISES)[number];

/** A server of ours, and what it is judged by. */
export interface Promiser {
  /** What it is started with. */
  readonly promise: Promised;
  /** What it is held to: another, where that is the planted fault. */
  readonly judgedAs: Promised;
  /** Where its clients are sent: to the server, or to what is planted before it. */
  readonly url: string;
  readonly server: ServerProcess;
}

export interface PromisersOptions {
  /** Of the servers of the store. */
  readonly store: readonly string[];
  /** What each is started with, and what it is judged by. */
  readonly promises: readonly (readonly [Promised, Promised])[];
  /** Of the address to listen on, and so on. */
  readonly args: readonly string[];
  readonly wrapper: readonly string[];
  /** Of a proxy that sends some requests twice; null for none. */
  readonly doublingSeed: number | null;
}

export async function withPromisers(
  { store, promises, args, wrapper, doublingSeed }: PromisersOptions,
  body: (promisers: readonly Promiser[]) => Promise<void>,
): Promise<void> {
  const commands = promises.map(([promise]) => [
    ...store,
    ...["--promise", promise, "--store-prefix", promise.replace(/[:+]/g, "-")],
    ...args,
  ]);
  await withKeyholds(
    commands,
    async (servers) => {
      const closing: (() => Promise<void>)[] = [];
      const promisers: Promiser[] = [];
      try {
        for (const [index, server] of servers.entries()) {
          const [promise, judgedAs] = promises[index] ?? ["applied", "applied"];
          const proxy =
            doublingSeed === null ? null : await startDoublingProxy(server.url, makeSeededRandom(doublingSeed));
          if (proxy !== null) closing.push(() => proxy.close());
          promisers.push({ promise, judgedAs, server, url: proxy?.url ?? server.url });
        }
        await body(promisers);
      } finally {
        for (const close of closing) await close();
      }
    },
    wrapper,
  );
}

export interface LoadsOptions {
  /** Of each promise. */
  readonly clients: number;
  readonly seed: number;
  /** Goes before all keys. */
  readonly name: string;
  /** Whether the failure may take what a promise does not cover. */
  readonly mayLose: (promise: Promised) => boolean;
}

/** The loads of one round. */
export class PromiseLoads {
  readonly #loads: readonly { readonly promiser: Promiser; readonly load: FaultLoad }[];
  readonly #name: string;

  constructor(promisers: readonly Promiser[], { clients, seed, name, mayLose }: LoadsOptions) {
    this.#name = name;
    this.#loads = promisers.map((promiser) => ({
      promiser,
      load: new FaultLoad({ url: promiser.url, clients, seed, name, mayLose: mayLose(promiser.judgedAs) }),
    }));
  }

  /** Resolves when every client has had so many more writes acknowledged. */
  async untilServed(count: number): Promise<void> {
    await Promise.all(this.#loads.map(({ load }) => load.untilServed(count, PATIENCE_MS)));
  }

  /** As untilServed(), of the promises that no replica has to confirm. */
  async untilServedAlone(count: number): Promise<void> {
    const alone = this.#loads.filter(({ promiser }) => !promiser.promise.startsWith("replicated"));
    await Promise.all(alone.map(({ load }) => load.untilServed(count, PATIENCE_MS)));
  }

  async untilAsked(count: number): Promise<void> {
    await Promise.all(this.#loads.map(({ load }) => load.untilAsked(count, PATIENCE_MS)));
  }

  /** Since the last call, of any promise. */
  takeLongestGapMs(): number {
    return Math.max(...this.#loads.map(({ load }) => load.takeLongestGapMs()));
  }

  createdAt(promiser: Promiser): readonly string[] {
    return this.#loads.find((each) => each.promiser === promiser)?.load.created ?? [];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loads.map(({ load }) => load.stop()));
  }

  /** Compares, and counts what came of it. @param where - for the sentences, as "round 3, killed" */
  async check(tally: LossTally, where: string): Promise<void> {
    for (const { promiser, load } of this.#loads) {
      const verdict = await load.check(promiser.server.url);
      tally.add(promiser.promise, load, verdict);
      for (const broken of [...load.problems, ...verdict.differences]) {
        tally.broken(`${promiser.judgedAs}, ${where}: ${broken}`);
      }
    }
  }

  /** Compares once more, after a later failure, which must have taken nothing of this. */
  async checkAgain(tally: LossTally, where: string): Promise<void> {
    for (const { promiser, load } of this.#loads) {
      const { differences }: Verdict = await load.check(promiser.server.url);
      for (const broken of differences) tally.broken(`${promiser.judgedAs}, looked at again ${where}: ${broken}`);
    }
  }

  /** Whether a client has been told what must not be. */
  get hasProblems(): boolean {
    return this.#loads.some(({ load }) => load.problems.length > 0);
  }

  /** Removes all that was written. One that is refused just now is asked again. */
  async remove(): Promise<void> {
    for (const { promiser } of this.#loads) {
      const target = `${promiser.server.url}/keys?prefix=${encodeURIComponent(this.#name)}`;
      await pollUntil(async () => (await fetch(target, { method: "DELETE" })).ok, {
        ms: PATIENCE_MS,
        what: () => `What ${this.#name} has written cannot be deleted`,
      });
    }
  }
}
