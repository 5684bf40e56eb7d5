// The one way to the server: sends what an Ask says, and keeps the last ones with their outcome, so that everything that has
// been done can be read as lines of curl. What the console reads by itself (pages of the list, figures) is not kept.
import { type ReadonlySignal, signal } from "@preact/signals";
import { KeyholdError } from "../../client/errors.ts";
import { newWriteName } from "../../client/randomness.ts";
import { type Ask, curlLine } from "./ask.ts";
import { isFault } from "./fault.ts";
import type { Session } from "./session.ts";

const KEPT = 50;

export interface Sent {
  readonly id: number;
  readonly line: string;
  readonly what: string;
  /** Status, or the code of what went wrong before there was one. */
  readonly outcome: string;
  readonly isGood: boolean;
  readonly tookMs: number;
}

/** Which writes can be named, so that the client may send them again without their being made twice (contract §11). */
const NAMED = /^(?:(?:PUT|PATCH|DELETE) \/keys\/|POST \/-\/(?:txn|import)\b)/;

export class Requests {
  readonly #session: Session;
  readonly #now: () => number;
  readonly #sent = signal<readonly Sent[]>([]);
  #lastId = 0;

  constructor({ session, now }: { readonly session: Session; readonly now: () => number }) {
    this.#session = session;
    this.#now = now;
  }

  get sent(): ReadonlySignal<readonly Sent[]> {
    return this.#sent;
  }

  line(request: Ask): string {
    return curlLine(request, { origin: this.#session.origin, hasToken: this.#session.hasToken });
  }

  /** Does something for whoever uses the console, and keeps it. @throws KeyholdError, unless the answer is 2xx */
  async act(what: string, request: Ask, signal?: AbortSignal): Promise<Response> {
    const startedAt = this.#now();
    const keep = (outcome: string, isGood: boolean) => {
      const kept: Sent = {
        id: ++this.#lastId,
        line: this.line(request),
        what,
        outcome,
        isGood,
        tookMs: this.#now() - startedAt,
      };
      this.#sent.value = [kept, ...this.#sent.value].slice(0, KEPT);
    };
    try {
      const response = await this.read(named(request), signal);
      keep(String(response.status), true);
      return response;
    } catch (error) {
      if (error instanceof KeyholdError) keep(error.status === null ? error.code : String(error.status), false);
      throw error;
    }
  }

  /** Reads something for the console itself. @throws KeyholdError, unless the answer is 2xx */
  async read(request: Ask, signal?: AbortSignal): Promise<Response> {
    const { method, target, headers, body } = request;
    const content = body === null ? {} : { body: body.kind === "text" ? body.text : body.content };
    const options = signal === undefined ? {} : { signal };
    try {
      return await this.#session.client.request(method, target, { headers, ...content, ...options });
    } catch (error) {
      if (isFault(error, "unauthenticated")) this.#session.refused();
      throw error;
    }
  }
}

/** The name is no part of the line of curl: whoever pastes that wants the write to be made again. */
function named(request: Ask): Ask {
  if (!NAMED.test(`${request.method} ${request.target}`)) return request;
  return { ...request, headers: { ...request.headers, "Idempotency-Key": newWriteName() } };
}
