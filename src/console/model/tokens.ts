// The access tokens of the server, and the secret of one just made, which this page holds until it is dismissed.
import { type ReadonlySignal, signal } from "@preact/signals";
import type { IssuedTokenJson, TokenJson } from "../../wire/token-json.ts";
import { type Ask, ask, withText } from "./ask.ts";
import { type Fault, toFault } from "./fault.ts";
import type { Requests } from "./requests.ts";

export const SCOPES = ["read", "write", "watch", "admin", "metrics"] as const;
export type Scope = (typeof SCOPES)[number];

export interface TokenPlan {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly prefixes: readonly string[];
  /** Null for a token that lasts. */
  readonly expiresInMs: number | null;
}

export type TokenList =
  | { readonly kind: "loading" }
  | { readonly kind: "failed"; readonly fault: Fault }
  | { readonly kind: "ready"; readonly tokens: readonly TokenJson[] };

export const LIST_ASK = ask("GET", "/-/tokens");

export class Tokens {
  readonly #requests: Requests;
  readonly #list = signal<TokenList>({ kind: "loading" });
  readonly #issued = signal<IssuedTokenJson | null>(null);

  constructor(requests: Requests) {
    this.#requests = requests;
  }

  get list(): ReadonlySignal<TokenList> {
    return this.#list;
  }

  get issued(): ReadonlySignal<IssuedTokenJson | null> {
    return this.#issued;
  }

  async load(): Promise<void> {
    try {
      const response = await this.#requests.read(LIST_ASK);
      const found: unknown = await response.json();
      this.#list.value = { kind: "ready", tokens: Array.isArray(found) ? found.filter(isToken) : [] };
    } catch (error) {
      this.#list.value = { kind: "failed", fault: toFault(error) };
    }
  }

  /** @throws KeyholdError */
  async create(plan: TokenPlan): Promise<IssuedTokenJson | null> {
    const response = await this.#requests.act("Create a token", createAsk(plan));
    const made: unknown = await response.json();
    this.#issued.value = isIssued(made) ? made : null;
    return this.#issued.value;
  }

  /** @throws KeyholdError */
  async revoke(id: string): Promise<void> {
    await this.#requests.act("Revoke a token", revokeAsk(id));
    await this.load();
  }

  forgetSecret(): void {
    this.#issued.value = null;
  }
}

export function createAsk({ name, scopes, prefixes, expiresInMs }: TokenPlan): Ask {
  const end = expiresInMs === null ? {} : { expires_in: expiresInMs / 1000 };
  const body = JSON.stringify({ name, scopes, ...(prefixes.length === 0 ? {} : { prefixes }), ...end });
  return withText(ask("POST", "/-/tokens", { "Content-Type": "application/json" }), body);
}

export function revokeAsk(id: string): Ask {
  return ask("DELETE", `/-/tokens/${encodeURIComponent(id)}`);
}

function isToken(value: unknown): value is TokenJson {
  return typeof value === "object" && value !== null && "id" in value && "scopes" in value && "state" in value;
}

function isIssued(value: unknown): value is IssuedTokenJson {
  return isToken(value) && "token" in value;
}
