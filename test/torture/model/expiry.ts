// Expiries as docs/protocol.md §7 has them, read anew: in a query, in the field TTL, in forms and in operations of transactions.
import type { Span } from "./messages.ts";

/** Some time from now, or an instant, or never. */
export type Expiry =
  | { readonly kind: "in"; readonly ms: number }
  | { readonly kind: "at"; readonly atMs: number }
  | { readonly kind: "never" };

/** What was asked for; null for nothing, "invalid" where it is none. */
export type AskedExpiry = Expiry | "invalid" | null;

const YEAR_10000_MS = Date.UTC(10_000, 0, 1);

export interface ExpiryTexts {
  readonly expireIn?: string | null;
  readonly expireAt?: string | null;
  readonly ttl?: string | null;
  readonly persist?: string | null;
}

export function readExpiry({ expireIn, expireAt, ttl, persist }: ExpiryTexts, nowMs: number): AskedExpiry {
  const asked: AskedExpiry[] = [];
  if (expireIn != null) asked.push(readSeconds(expireIn, /^\d+(?:\.\d+)?$/, nowMs));
  if (ttl != null) asked.push(readSeconds(ttl, /^\d+$/, nowMs));
  if (expireAt != null) asked.push(readInstant(expireAt, nowMs));
  if (persist != null) asked.push(persist === "1" ? { kind: "never" } : "invalid");
  return asked.length > 1 ? "invalid" : (asked[0] ?? null);
}

/** When an entry ends that is given this expiry now. */
export function endsOf(expiry: Expiry | null, now: Span): Span | null {
  if (expiry === null || expiry.kind === "never") return null;
  if (expiry.kind === "at") return { from: expiry.atMs, to: expiry.atMs + 1 };
  return { from: now.from + Math.floor(expiry.ms), to: now.to + Math.max(1, Math.ceil(expiry.ms)) };
}

function readSeconds(text: string, form: RegExp, nowMs: number): AskedExpiry {
  const ms = Number(text) * 1000;
  return form.test(text) && ms > 0 && nowMs + ms < YEAR_10000_MS ? { kind: "in", ms } : "invalid";
}

function readInstant(text: string, nowMs: number): AskedExpiry {
  const isSeconds = /^\d+(?:\.\d+)?$/.test(text);
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const atMs = isSeconds ? Math.floor(Number(text) * 1000) : isDate ? Date.parse(text) : Number.NaN;
  return atMs > nowMs && atMs < YEAR_10000_MS ? { kind: "at", atMs } : "invalid";
}
