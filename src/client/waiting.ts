// Waits for one entry: in requests that each stand for as long as a proxy lets one stand, until it has changed.
import type { Context } from "./context.ts";
import type { Entry } from "./entry.ts";
import { KeyholdError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { getIfChanged } from "./reads.ts";
import { pause, startTimeLimit } from "./timing.ts";

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** The state that is known; without it, the wait is for there to be an entry. */
  readonly etag?: string;
  /** The longest wait in all, in milliseconds; without end unless given. */
  readonly timeoutMs?: number;
}

/** Of one request: what stands longer than a minute is cut by many proxies. */
const SLICE_MS = 50_000;
/** What an answer may take beyond the time that it was asked to wait. */
const GRACE_MS = 10_000;
/** A server that stops answers at once, and is not to be asked again in the same moment. */
const PAUSE_MS = 200;

/** Null where a known state is gone. @throws KeyholdError "timeout" when the time is up, at most GRACE_MS later */
export async function waitForEntry(context: Context, key: string, options: WaitOptions): Promise<Entry | null> {
  const { timeoutMs, signal } = options;
  // Bounds all tries together, of which a server that never answers would be given several.
  const limit = startTimeLimit(timeoutMs === undefined ? 0 : timeoutMs + GRACE_MS, signal);
  try {
    return await waitInSlices(context, key, { ...options, signal: limit.signal });
  } catch (error) {
    throw limit.isOver() ? timedOut(key, timeoutMs ?? 0) : error;
  } finally {
    limit.release();
  }
}

async function waitInSlices(
  context: Context,
  key: string,
  options: WaitOptions & { readonly signal: AbortSignal },
): Promise<Entry | null> {
  const { timeoutMs, signal } = options;
  const etag = options.etag ?? null;
  const endsAt = timeoutMs === undefined ? null : performance.now() + timeoutMs;
  for (;;) {
    const leftMs = endsAt === null ? SLICE_MS : Math.max(0, endsAt - performance.now());
    const waitMs = Math.min(leftMs, SLICE_MS);
    const call: CallOptions = { timeoutMs: waitMs + GRACE_MS, signal };
    const startedAt = performance.now();
    const entry = await getIfChanged(context, { key, etag, waitMs: Math.ceil(waitMs) }, call);
    if (entry !== "unchanged" && (entry !== null || etag !== null)) return entry;
    if (endsAt !== null && performance.now() >= endsAt) throw timedOut(key, timeoutMs ?? 0);
    if (performance.now() - startedAt < PAUSE_MS) await pause(Math.min(PAUSE_MS, leftMs), signal);
  }
}

function timedOut(key: string, timeoutMs: number): KeyholdError {
  return new KeyholdError("timeout", `Nothing has happened to ${JSON.stringify(key)} within ${timeoutMs} ms`);
}
