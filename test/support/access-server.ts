// An App in process whose store holds a token of each kind, for the length of one test, under a clock that the test turns.
import type { IssuedToken } from "../../src/auth/token-book.ts";
import { TokenBook } from "../../src/auth/token-book.ts";
import { makeWatchHub } from "../../src/compose-parts.ts";
import { toEpochMs } from "../../src/core/expiry.ts";
import { makeGrant, SCOPES } from "../../src/core/token.ts";
import type { Store } from "../../src/store/store.ts";
import type { Http } from "./http-client.ts";
import { configOf, makeAppServer, type ServerFlags } from "./http-harness.ts";
import { makeMemoryHarness } from "./memory-harness.ts";
import { makeRecordingLog, type RecordingLog } from "./recording-log.ts";
import { ROOMY } from "./store-harness.ts";
import { makeTurnableTimers, type TurnableTimers } from "./turnable-timers.ts";

export interface AccessServer {
  readonly http: Http;
  readonly log: RecordingLog;
  readonly store: Store;
  readonly tokens: TokenBook;
  readonly timers: TurnableTimers;
  /** Lets a millisecond pass, and whatever it brings about. */
  step(): Promise<void>;
}

export interface AskedGrant {
  readonly scopes?: readonly string[];
  readonly prefixes?: readonly string[];
  /** From now on. */
  readonly endsInMs?: number;
}

export async function withAccess(
  body: (server: AccessServer) => Promise<void>,
  { flags = {}, adminSecret = null }: { readonly flags?: ServerFlags; readonly adminSecret?: string | null } = {},
): Promise<void> {
  const harness = await makeMemoryHarness({ ...ROOMY, upkeep: "on" });
  const { store } = harness;
  const timers = makeTurnableTimers(store.now);
  const log = makeRecordingLog();
  const hub = makeWatchHub({ store, log, timers }, configOf(flags));
  const tokens = new TokenBook({ store, timers, adminSecret, changes: null }, []);
  try {
    await body({
      ...makeAppServer(store, flags, { hub, log, timers, tokens }),
      log,
      store,
      tokens,
      timers,
      async step() {
        await harness.step();
        timers.runDue();
        await new Promise(setImmediate);
      },
    });
  } finally {
    hub.stop();
    await harness.close();
  }
}

/** A new token; with every scope and for every key, unless said otherwise. */
export function issue({ tokens, store }: AccessServer, asked: AskedGrant = {}): Promise<IssuedToken> {
  const { prefixes = [], endsInMs } = asked;
  const { scopes = prefixes.length > 0 ? ["read", "write", "watch"] : SCOPES } = asked;
  const expiresAt = endsInMs === undefined ? null : toEpochMs(store.now() + endsInMs);
  return tokens.issue(makeGrant({ name: "test", scopes, prefixes, expiresAt }));
}

/** The field by which a request carries a token. */
export function bearer({ secret }: Pick<IssuedToken, "secret">): { readonly Authorization: string } {
  return { Authorization: `Bearer ${secret}` };
}
