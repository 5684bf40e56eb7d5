// The rows of the route table beneath `/-/`: the server itself, and what is served beside entries. matchPath in routes.ts says
// which path belongs to which row.
import { healthy, info, metricsPage, problemPage, ready } from "./admin-handlers.ts";
import { sendAsset, sendPage } from "./assets/asset-handlers.ts";
import { collectionRoute, plainRoute, type Route, SHOWS_VALUES } from "./route.ts";
import { createToken, listTokens, revokeToken } from "./token-handlers.ts";
import { sendBackup, sendExport, takeImport } from "./transfer-handlers.ts";
import { transact } from "./txn-handler.ts";

export const SERVER_ROUTES: readonly Route[] = [
  {
    method: "POST",
    pattern: "/-/txn",
    action: "write",
    alsoNeeds: SHOWS_VALUES,
    summary: "Check, change and read entries, all or nothing",
    handle: collectionRoute(transact),
  },
  {
    method: "GET",
    pattern: "/-/healthy",
    action: "none",
    summary: "Whether the process runs",
    handle: plainRoute(healthy),
  },
  {
    method: "GET",
    pattern: "/-/ready",
    action: "none",
    summary: "Whether the store takes requests",
    handle: plainRoute(({ services }) => ready(services.facts)),
  },
  {
    method: "GET",
    pattern: "/-/info",
    action: "admin",
    summary: "Version, store, promises, limits",
    handle: plainRoute(({ services }) => info(services)),
  },
  {
    method: "GET",
    pattern: "/-/metrics",
    action: "metrics",
    summary: "Metrics, in the text format of Prometheus",
    handle: plainRoute(({ services }) => metricsPage(services.metrics)),
  },
  {
    method: "GET",
    pattern: "/-/tokens",
    action: "admin",
    summary: "Access tokens, without their secrets",
    handle: listTokens,
  },
  {
    method: "POST",
    pattern: "/-/tokens",
    action: "admin",
    summary: "Make an access token; its secret is answered this once",
    handle: createToken,
  },
  {
    method: "DELETE",
    pattern: "/-/tokens/{id}",
    action: "admin",
    summary: "Revoke an access token",
    handle: revokeToken,
  },
  {
    method: "GET",
    pattern: "/-/backup",
    action: "admin",
    summary: "A copy of the whole store at one instant, as a file",
    handle: sendBackup,
  },
  {
    method: "GET",
    pattern: "/-/export",
    action: "admin",
    summary: "All entries as lines, byte-exact, with a checksum; to be resumed by `?after=`",
    handle: sendExport,
  },
  {
    method: "POST",
    pattern: "/-/import",
    action: "admin",
    summary: "Put entries as an export has them, all or nothing",
    handle: takeImport,
  },
  {
    method: "GET",
    pattern: "/-/console",
    action: "none",
    summary: "The console: entries, tokens and figures, in a browser",
    handle: plainRoute(sendPage("console")),
  },
  {
    method: "GET",
    pattern: "/-/docs",
    action: "none",
    summary: "This interface, to be read and tried in a browser",
    handle: plainRoute(sendPage("docs")),
  },
  {
    method: "GET",
    pattern: "/-/assets/{name}",
    action: "none",
    summary: "What those pages load",
    handle: plainRoute(sendAsset),
  },
  {
    method: "GET",
    pattern: "/-/problems/{code}",
    action: "none",
    summary: "What an error code means",
    handle: plainRoute(({ incoming, argument }) => problemPage(incoming, argument)),
  },
];
