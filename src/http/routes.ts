// The route table as data, and which row a path belongs to. From the table come matching, 405 with Allow, OPTIONS and the
// names under which requests are counted and logged (the pattern, never the path). Decided on the path as it was sent,
// still encoded: what is decoded here is what handlers and checks get, once.
import { KeyholdError } from "../core/errors.ts";
import { MEDIA } from "../wire/headers.ts";
import {
  createInCollection,
  deleteFromCollection,
  listCollection,
  patchCollection,
  putInCollection,
  queryCollection,
} from "./collection-handlers.ts";
import type { Dialect } from "./dialect.ts";
import { deleteEntry, type EntryRequest, getEntry, putEntry } from "./entry-handlers.ts";
import type { Reply } from "./exchange.ts";
import { type FrontPageFacts, frontPage } from "./front-page.ts";
import { sendOpenApi } from "./openapi/openapi-handler.ts";
import { OTHER_CLIENTS_ROUTES } from "./other-clients-routes.ts";
import { PATCH_TYPES, patchEntry } from "./patch-handlers.ts";
import { collectionRoute, plainRoute, type Route, SHOWS_VALUES, SHOWS_VALUES_IF_ASKED } from "./route.ts";
import { SERVER_ROUTES } from "./server-routes.ts";
import type { Services } from "./services.ts";
import { decodePath } from "./target.ts";

export interface Match {
  readonly pattern: string;
  /** Still encoded. */
  readonly argument: string;
}

type EntryHandler = (request: EntryRequest) => Reply | Promise<Reply>;

function entryRoute(dialectOf: (services: Services) => Dialect, handler: EntryHandler): Route["handle"] {
  return ({ incoming, parameters, argument, services }) => {
    const dialect = dialectOf(services);
    const { entries, hub } = services;
    return handler({ incoming, parameters, dialect, key: dialect.parseKey(argument), entries, hub });
  };
}

/** How many entries there are is told to everybody only where everybody may read them. */
function frontPageFacts({ facts, store, tokens }: Services): FrontPageFacts {
  const asksForToken = tokens.hasTokens();
  const { capabilities } = store;
  return {
    version: facts.version,
    engine: asksForToken ? null : store.engine,
    durability: capabilities.durability,
    unreadyReason: facts.unreadyReason(),
    entries: asksForToken ? null : store.stats().entries,
    asksForToken,
  };
}

const raw = (handler: EntryHandler) => entryRoute(({ rawDialect }) => rawDialect, handler);
const json = (handler: EntryHandler) => entryRoute(({ jsonDialect }) => jsonDialect, handler);

export const ROUTES: readonly Route[] = [
  {
    method: "GET",
    pattern: "/",
    action: "none",
    summary: "Front page",
    handle: plainRoute(({ incoming, services }) => frontPage(incoming, frontPageFacts(services))),
  },
  {
    method: "GET",
    pattern: "/{key}",
    action: "read",
    summary: "The value; with `?wait=`, once it has changed",
    handle: raw(getEntry),
  },
  { method: "PUT", pattern: "/{key}", action: "write", summary: "Set the value", handle: raw(putEntry) },
  {
    method: "PATCH",
    pattern: "/{key}",
    action: "write",
    alsoNeeds: SHOWS_VALUES,
    summary: "Count, append, patch, change when the entry ends",
    acceptPatch: PATCH_TYPES,
    handle: raw(patchEntry),
  },
  {
    method: "DELETE",
    pattern: "/{key}",
    action: "write",
    alsoNeeds: SHOWS_VALUES_IF_ASKED,
    summary: "Delete the entry",
    handle: raw(deleteEntry),
  },
  {
    method: "GET",
    pattern: "/keys",
    action: "read",
    actionWhen: { parameter: "watch", action: "watch" },
    summary: "List entries in key order, with `?wait=` once they have changed; with `?watch`, follow what happens",
    handle: collectionRoute(listCollection),
  },
  {
    method: "QUERY",
    pattern: "/keys",
    action: "read",
    summary: "List entries by parameters in the body",
    handle: collectionRoute(queryCollection),
  },
  {
    method: "POST",
    pattern: "/keys",
    action: "write",
    summary: "Create entries, all or nothing",
    handle: collectionRoute(createInCollection),
  },
  {
    method: "PUT",
    pattern: "/keys",
    action: "write",
    summary: "Set entries by the query, all or nothing",
    handle: collectionRoute(putInCollection),
  },
  {
    method: "PATCH",
    pattern: "/keys",
    action: "write",
    alsoNeeds: SHOWS_VALUES,
    summary: "Set, merge and delete entries, all or nothing",
    acceptPatch: MEDIA.mergePatch,
    handle: collectionRoute(patchCollection),
  },
  {
    method: "DELETE",
    pattern: "/keys",
    action: "write",
    summary: "Delete entries",
    handle: collectionRoute(deleteFromCollection),
  },
  {
    method: "GET",
    pattern: "/keys/{key}",
    action: "read",
    summary: "The entry as JSON; with `?wait=`, once it has changed",
    handle: json(getEntry),
  },
  { method: "PUT", pattern: "/keys/{key}", action: "write", summary: "Set the entry", handle: json(putEntry) },
  {
    method: "PATCH",
    pattern: "/keys/{key}",
    action: "write",
    alsoNeeds: SHOWS_VALUES,
    summary: "Count, append, patch, change when the entry ends",
    acceptPatch: PATCH_TYPES,
    handle: json(patchEntry),
  },
  {
    method: "DELETE",
    pattern: "/keys/{key}",
    action: "write",
    alsoNeeds: SHOWS_VALUES_IF_ASKED,
    summary: "Delete the entry",
    handle: json(deleteEntry),
  },
  ...SERVER_ROUTES,
  {
    method: "GET",
    pattern: "/-/openapi.json",
    action: "none",
    summary: "This interface, as OpenAPI 3.1",
    handle: plainRoute(sendOpenApi(() => ROUTES)),
  },
  ...OTHER_CLIENTS_ROUTES,
];

const BY_PATTERN: ReadonlyMap<string, ReadonlyMap<string, Route>> = new Map(
  [...new Set(ROUTES.map(({ pattern }) => pattern))].map((pattern) => [
    pattern,
    new Map(ROUTES.filter((route) => route.pattern === pattern).map((route) => [route.method, route])),
  ]),
);

/** Where what follows names one of many. */
const NAMED_BENEATH = [
  ["/-/assets/", "/-/assets/{name}"],
  ["/-/problems/", "/-/problems/{code}"],
  ["/-/redis/", "/-/redis/{command}"],
  ["/-/tokens/", "/-/tokens/{id}"],
  ["/-/unstorage/", "/-/unstorage/{key}"],
] as const;

/** The server as a whole, which OPTIONS alone can be asked of (RFC 9110 §9.3.7). */
const WHOLE_SERVER = "*";

/** The row of the table that a path belongs to; null where nothing is served. */
export function matchPath(path: string): Match | null {
  if (path === WHOLE_SERVER) return { pattern: WHOLE_SERVER, argument: "" };
  if (!path.startsWith("/")) return null;
  if (path === "/") return { pattern: "/", argument: "" };
  if (path === "/keys") return { pattern: "/keys", argument: "" };
  if (path.startsWith("/keys/")) return { pattern: "/keys/{key}", argument: path.slice("/keys/".length) };
  if (path.startsWith("/-/") && BY_PATTERN.has(path)) return { pattern: path, argument: "" };
  for (const [start, pattern] of NAMED_BENEATH) {
    if (path.startsWith(start)) return { pattern, argument: path.slice(start.length) };
  }
  if (path === "/-" || path.startsWith("/-/")) return null;
  return { pattern: "/{key}", argument: path.slice(1) };
}

/** The route of a method there; HEAD is GET without its body. @throws "method-not-allowed" with what is */
export function routeOf(pattern: string, method: string): Route {
  const route = BY_PATTERN.get(pattern)?.get(method === "HEAD" ? "GET" : method);
  if (route !== undefined) return route;
  throw new KeyholdError("method-not-allowed", `Cannot ${method} here: allowed are ${allowedMethods(pattern)}`, {
    allow: allowedMethods(pattern),
  });
}

/** As the field Allow lists them. */
export function allowedMethods(pattern: string): string {
  const isWhole = pattern === WHOLE_SERVER;
  const methods = isWhole ? new Set(ROUTES.map(({ method }) => method)) : (BY_PATTERN.get(pattern)?.keys() ?? []);
  const withHead = [...methods].flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return [...withHead, "OPTIONS"].join(", ");
}

/** What all rows of a pattern have in common; null where nothing is served. */
export function sharedOf(pattern: string): Pick<Route, "tokenParameter" | "toldAs"> | null {
  return BY_PATTERN.get(pattern)?.values().next().value ?? null;
}

/** As the field Accept-Patch lists them; null where nothing is patched. */
export function acceptedPatches(pattern: string): string | null {
  return BY_PATTERN.get(pattern)?.get("PATCH")?.acceptPatch ?? null;
}

export function decodeArgument({ argument }: Match): string {
  return decodePath(argument);
}
