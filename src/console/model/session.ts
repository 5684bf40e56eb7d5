// Who uses the console: nobody in particular while the server asks for no token, else the holder of one. The secret is kept
// for the tab, and for the browser only where that was asked for; it is never shown, and never stands in a URL.
import { type ReadonlySignal, signal } from "@preact/signals";
import { KeyholdError } from "../../client/errors.ts";
import { Keyhold } from "../../client/keyhold.ts";
import { type Fault, toFault } from "./fault.ts";
import type { Kept } from "./kept.ts";

export type Access =
  | { readonly kind: "checking" }
  | { readonly kind: "in" }
  | { readonly kind: "needed"; readonly why: string | null }
  | { readonly kind: "away"; readonly fault: Fault };

export class Session {
  readonly #access = signal<Access>({ kind: "checking" });
  readonly #origin: string;
  readonly #tab: Kept;
  readonly #browser: Kept;
  #token: string | null;
  #client: Keyhold;

  constructor({ origin, tab, browser }: { readonly origin: string; readonly tab: Kept; readonly browser: Kept }) {
    this.#origin = origin;
    this.#tab = tab;
    this.#browser = browser;
    this.#token = tab.read() ?? browser.read();
    this.#client = this.#makeClient();
  }

  get access(): ReadonlySignal<Access> {
    return this.#access;
  }

  get client(): Keyhold {
    return this.#client;
  }

  get hasToken(): boolean {
    return this.#token !== null;
  }

  get origin(): string {
    return this.#origin;
  }

  /** Finds out whether the server lets us in. A token that may do something, though not list keys, is let in. */
  async check(): Promise<void> {
    this.#access.value = { kind: "checking" };
    try {
      await this.#client.request("GET", "/keys?keys&limit=1");
      this.#access.value = { kind: "in" };
    } catch (error) {
      this.#judge(error);
    }
  }

  async signIn({ token, isRemembered }: { readonly token: string; readonly isRemembered: boolean }): Promise<void> {
    this.#token = token;
    this.#client = this.#makeClient();
    await this.check();
    if (this.#access.value.kind !== "in") {
      this.#token = null;
      this.#client = this.#makeClient();
      return;
    }
    this.#tab.write(token);
    this.#browser.write(isRemembered ? token : null);
  }

  signOut(): void {
    this.#forget();
    this.#access.value = { kind: "needed", why: null };
  }

  /** A request has been answered 401: the token has been revoked, or the server has begun to ask for one. */
  refused(): void {
    if (this.#access.value.kind !== "in") return;
    const why = this.hasToken ? "The token is no longer valid: it has ended, or has been revoked." : null;
    this.#forget();
    this.#access.value = { kind: "needed", why };
  }

  #forget(): void {
    this.#token = null;
    this.#tab.write(null);
    this.#browser.write(null);
    this.#client = this.#makeClient();
  }

  #judge(error: unknown): void {
    const fault = toFault(error);
    if (error instanceof KeyholdError && error.code === "unauthenticated") {
      const why = this.hasToken ? "The server does not know this token, or it has ended." : null;
      if (this.hasToken) this.#forget();
      this.#access.value = { kind: "needed", why };
    } else if (error instanceof KeyholdError && error.code === "forbidden") {
      this.#access.value = { kind: "in" };
    } else this.#access.value = { kind: "away", fault };
  }

  #makeClient(): Keyhold {
    return new Keyhold(this.#origin, this.#token === null ? {} : { token: this.#token });
  }
}
