// Runs the client's suite in the runtime that it is called in.

import { FAULT_CASES } from "./cases/faults.ts";
import { LISTING_CASES } from "./cases/listings.ts";
import { READ_CASES } from "./cases/reads.ts";
import { SERVER_CASES } from "./cases/server.ts";
import { TRANSACTION_CASES } from "./cases/transactions.ts";
import { WATCH_CASES } from "./cases/watches.ts";
import { WRITE_CASES } from "./cases/writes.ts";
import type { Api, CaseContext, ClientCase, Faulty } from "./client-case.ts";

export const CASES: readonly ClientCase[] = [
  ...READ_CASES,
  ...WRITE_CASES,
  ...LISTING_CASES,
  ...TRANSACTION_CASES,
  ...WATCH_CASES,
  ...FAULT_CASES,
  ...SERVER_CASES,
];

/** Where the servers of the suite are. */
export interface Place {
  readonly url: string;
  readonly proxyUrl: string;
  readonly guarded: CaseContext["guarded"];
  /** Such as "bun"; part of every key, so that runtimes do not meet. */
  readonly runtime: string;
}

interface Seen {
  readonly method: string;
  readonly target: string;
  readonly idempotencyKey: string | null;
}

export async function runCase(api: Api, place: Place, { run }: ClientCase): Promise<void> {
  const id = crypto.randomUUID().slice(0, 8);
  const prefix = `${place.runtime}/${id}/`;
  let plans = 0;
  await run({
    api,
    url: place.url,
    guarded: place.guarded,
    db: new api.Keyhold(place.url, { prefix }),
    faulty(plan, options = {}): Faulty {
      const planId = `${id}-${plans++}`;
      const retry = options.retry ?? { baseMs: 5, capMs: 1200 };
      const seen = async (): Promise<readonly Seen[]> =>
        JSON.parse(await (await fetch(`${place.proxyUrl}/seen/${planId}`)).text());
      return {
        db: new api.Keyhold(`${place.proxyUrl}/f/${planId}/${plan === "" ? "pass" : plan}`, {
          prefix,
          ...options,
          retry,
        }),
        names: async () => (await seen()).map(({ idempotencyKey }) => idempotencyKey),
        requests: async () =>
          (await seen()).map(({ method, target }) => `${method} ${target.replaceAll(encodeURIComponent(prefix), "")}`),
      };
    },
  });
}
