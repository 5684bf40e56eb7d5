// A lock that is held, and what keeps it: it is renewed in good time, on the condition that it is still ours.
import type { Keyhold } from "../client/keyhold.ts";
import type { Host } from "./host.ts";
import { isFault } from "./run-command.ts";

export interface Lease {
  readonly key: string;
  /** Of the entry that is the lock; renewing keeps it. */
  readonly etag: string;
  /** The fencing token. */
  readonly revision: number;
  readonly ttlMs: number;
  /** By this machine's clock, and no later than by the server's. */
  readonly endsAtMs: number;
}

/** Renewed when this share of its time has gone by; tried again after so much more of it. */
const RENEW_SHARE = 1 / 3;
const RETRY_SHARE = 1 / 12;

/**
 * Renews until the signal aborts: "kept". "lost" as soon as it is known not to be ours, or its time is up.
 *
 * Never throws: what does not succeed is tried again for as long as there is time.
 */
export async function keepRenewed(
  client: Pick<Keyhold, "expire">,
  lease: Lease,
  { host, signal }: { readonly host: Pick<Host, "nowMs" | "rest">; readonly signal: AbortSignal },
): Promise<"kept" | "lost"> {
  let endsAtMs = lease.endsAtMs;
  let restMs = lease.ttlMs * RENEW_SHARE;
  for (;;) {
    await host.rest(Math.max(0, Math.min(restMs, endsAtMs - host.nowMs())), signal);
    if (signal.aborted) return "kept";
    const sentAtMs = host.nowMs();
    if (sentAtMs >= endsAtMs) return "lost";
    switch (await renew(client, lease, endsAtMs - sentAtMs)) {
      case "renewed":
        endsAtMs = sentAtMs + lease.ttlMs;
        restMs = lease.ttlMs * RENEW_SHARE;
        break;
      case "lost":
        return "lost";
      case "failed":
        restMs = lease.ttlMs * RETRY_SHARE;
    }
  }
}

async function renew(
  client: Pick<Keyhold, "expire">,
  { key, etag, ttlMs }: Lease,
  leftMs: number,
): Promise<"renewed" | "lost" | "failed"> {
  const signal = AbortSignal.timeout(Math.max(1, leftMs));
  try {
    return (await client.expire(key, ttlMs, { ifMatch: etag, signal })) ? "renewed" : "lost";
  } catch (error) {
    return isFault(error) && error.code === "precondition-failed" ? "lost" : "failed";
  }
}
