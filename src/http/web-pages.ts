// What web pages of other origins may do: nothing that changes the store, unless the operator knows their origin (CORS). A
// browser names the origin of a page in the field Origin, and says in Sec-Fetch-Site how it stands to the server's own
// (Fetch §3.2, Fetch Metadata). Programs that are no browsers send neither and are not concerned.
import { KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming, Reply } from "./exchange.ts";

/** RFC 9110 §9.2.1, and RFC 10008 for QUERY, which a foreign page can only send after it has asked. */
const SAFE_METHODS: readonly string[] = ["GET", "HEAD", "OPTIONS", "QUERY"];
const FOREIGN_SITES: readonly string[] = ["cross-site", "same-site"];
const ANY = "*";
/** Seconds for which a browser need not ask again. */
const PREFLIGHT_AGE = "600";
/** Fields that a page may send, beyond those that every page may. */
const REQUEST_FIELDS = [
  FIELD.authorization,
  FIELD.contentType,
  FIELD.idempotencyKey,
  FIELD.ifMatch,
  FIELD.ifModifiedSince,
  FIELD.ifNoneMatch,
  FIELD.ifRange,
  FIELD.ifUnmodifiedSince,
  FIELD.lastEventId,
  FIELD.prefer,
  FIELD.range,
  FIELD.requestId,
  FIELD.ttl,
  FIELD.unstorageTtl,
  FIELD.upstashEncoding,
  FIELD.upstashResponseFormat,
  // Sent by @upstash/redis, and not read here.
  "Upstash-Sync-Token",
  "Upstash-Telemetry-Platform",
  "Upstash-Telemetry-Runtime",
  "Upstash-Telemetry-Sdk",
].join(", ");
/** Fields of answers that a page may read, beyond those that every page may. */
const ANSWER_FIELDS = [
  FIELD.contentRange,
  FIELD.cursor,
  FIELD.etag,
  FIELD.idempotencyReplayed,
  FIELD.link,
  FIELD.location,
  FIELD.requestId,
  FIELD.retryAfter,
  FIELD.revision,
  FIELD.totalCount,
  FIELD.ttl,
  FIELD.unstorageTtl,
].join(", ");

export class WebPages {
  readonly #origins: ReadonlySet<string>;

  /** @param origins - those whose pages may use the server; * for any */
  constructor(origins: readonly string[]) {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
  }

  /** Whether any page of another origin may read answers. */
  get areServed(): boolean {
    return this.#origins.size > 0;
  }

  /** @throws "foreign-origin" where a page of an origin that is not known asks for more than to read */
  require(incoming: Incoming): void {
    if (!SAFE_METHODS.includes(incoming.method)) this.requireOwn(incoming);
  }

  /** @throws "foreign-origin" where a page of an origin that is not known asks at all */
  requireOwn(incoming: Incoming): void {
    const origin = incoming.header(FIELD.origin);
    if (origin !== null) {
      if (isOwn(origin, incoming) || this.#isKnown(origin)) return;
      throw foreign(`the web page that asks is of the origin ${quote(origin.slice(0, 255))}`);
    }
    const site = incoming.header(FIELD.secFetchSite);
    if (site !== null && FOREIGN_SITES.includes(site))
      throw foreign(`the web page that asks is of another origin (${site})`);
  }

  /** The reply with what lets a page of a known origin read it. */
  open(reply: Reply, incoming: Incoming): Reply {
    const vary = reply.headers[FIELD.vary];
    const headers: Record<string, string> = {
      ...reply.headers,
      [FIELD.vary]: vary === undefined ? FIELD.origin : `${vary}, ${FIELD.origin}`,
    };
    const origin = incoming.header(FIELD.origin);
    if (origin === null || !this.#isKnown(origin)) return { ...reply, headers };
    headers["Access-Control-Allow-Origin"] = this.#origins.has(ANY) ? ANY : origin;
    headers["Access-Control-Expose-Headers"] = ANSWER_FIELDS;
    if (incoming.method === "OPTIONS" && incoming.header("Access-Control-Request-Method") !== null) {
      const { [FIELD.allow]: allow } = reply.headers;
      if (allow !== undefined) headers["Access-Control-Allow-Methods"] = allow;
      headers["Access-Control-Allow-Headers"] = REQUEST_FIELDS;
      headers["Access-Control-Max-Age"] = PREFLIGHT_AGE;
    }
    return { ...reply, headers };
  }

  #isKnown(origin: string): boolean {
    return this.#origins.has(origin.toLowerCase()) || (this.#origins.has(ANY) && origin !== "null");
  }
}

/**
 * Whether a page of another origin may stand behind a GET that does not say so: browsers tell where one comes from over HTTPS
 * and to their own machine alone (Fetch Metadata §2), so elsewhere an image of any page looks like this.
 */
export function isUntoldBrowser(incoming: Incoming): boolean {
  return (
    incoming.header(FIELD.origin) === null &&
    incoming.header(FIELD.secFetchSite) === null &&
    // As every browser begins it, and no page can change.
    (incoming.header(FIELD.userAgent) ?? "").startsWith("Mozilla/")
  );
}

/** By host and port alone: behind a proxy that ends TLS, the scheme is another. */
function isOwn(origin: string, incoming: Incoming): boolean {
  const host = incoming.header(FIELD.host);
  return host !== null && origin.replace(/^https?:\/\//, "").toLowerCase() === host.toLowerCase();
}

function foreign(who: string): KeyholdError {
  return new KeyholdError(
    "foreign-origin",
    `Nothing was done: ${who}, and this server serves its own pages and those of --cors-origins`,
  );
}
