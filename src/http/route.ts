// What a row of the route table says, and what rows are made with. The rows themselves stand in routes.ts and server-routes.ts.
import type { Action } from "../auth/policy.ts";
import type { KeyholdError } from "../core/errors.ts";
import type { Scope } from "../core/token.ts";
import type { CollectionRequest } from "./collection-handlers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";
import type { Services } from "./services.ts";

export interface RouteRequest {
  readonly incoming: Incoming;
  readonly parameters: Parameters;
  /** What the path names behind its fixed part, decoded. */
  readonly argument: string;
  readonly services: Services;
  /** For a row that is open to every token: asks whether this one has a scope. @throws "forbidden" where it lacks it */
  readonly requireScope: (scope: Scope) => void;
}

export interface AlsoNeeds {
  readonly action: Action;
  readonly when: "always" | "representation-preferred";
}

export interface Route {
  readonly method: string;
  readonly pattern: string;
  /** What a request needs leave for. */
  readonly action: Action;
  /** What it needs leave for in place of that, where its query has this parameter. */
  readonly actionWhen?: { readonly parameter: string; readonly action: Action };
  /** What it needs leave for besides, as its answer shows what is stored: always, or where it asks to be shown that (Prefer). */
  readonly alsoNeeds?: AlsoNeeds;
  /** One line for the index of docs/protocol.md. */
  readonly summary: string;
  /** Media types that a PATCH takes, as the field Accept-Patch lists them. */
  readonly acceptPatch?: string;
  /** The parameter that a token may stand in where no field can be sent; no log shows it. */
  readonly tokenParameter?: string;
  /** How faults are told here, to whom problem documents mean nothing. The same for all rows of a pattern. */
  readonly toldAs?: (fault: KeyholdError, requestId: string) => Reply;
  readonly handle: (request: RouteRequest) => Reply | Promise<Reply>;
}

export const SHOWS_VALUES: AlsoNeeds = { action: "read", when: "always" };
export const SHOWS_VALUES_IF_ASKED: AlsoNeeds = { action: "read", when: "representation-preferred" };

export function collectionRoute(handler: (request: CollectionRequest) => Promise<Reply>): Route["handle"] {
  return ({ incoming, parameters, services }) =>
    handler({
      incoming,
      parameters,
      entries: services.entries,
      hub: services.hub,
      maxValueBytes: services.facts.maxValueBytes,
    });
}

/** Pages without parameters of their own. */
export function plainRoute(handle: (request: RouteRequest) => Reply | Promise<Reply>): Route["handle"] {
  return (request) => {
    request.parameters.requireKnown([]);
    return handle(request);
  };
}
