// Who asks, and what they may do. Which keys they may do it to is not asked here but at the store (service/scoped-store.ts).
import { SCOPES, type Scope } from "../core/token.ts";

/**
 * What a request needs leave for; "none" is open to everybody, "by-command" to every token, and what its commands need is asked
 * for when they are known.
 */
export type Action = Scope | "none" | "by-command";

/** Made by the token book alone; the same object for as long as the token counts. */
export interface Subject {
  /** Public: of the token; "" for everybody. Names of writes (Idempotency-Key) are told apart by it. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** As in Grant. */
  readonly prefixes: readonly string[];
}

/** Whoever asks while no token is asked for. */
export const EVERYBODY: Subject = { id: "", scopes: SCOPES, prefixes: [] };

export function may({ scopes }: Subject, action: Action): boolean {
  if (action === "none" || action === "by-command") return true;
  return scopes.includes(action) || (action === "metrics" && scopes.includes("admin"));
}
