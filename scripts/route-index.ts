// The index of methods and paths in docs/routes.md, made from the route table, so that the page and the server cannot
// disagree. What the routes do stands in docs/protocol.md, which is written by hand.
import type { Route } from "../src/http/route.ts";
import { allowedMethods, ROUTES } from "../src/http/routes.ts";

const HEAD = `<!-- Generated from src/http/routes.ts, server-routes.ts and other-clients-routes.ts by scripts/generate.ts. Change it there. -->

# Routes

Every method and path that the server knows. HEAD is answered wherever GET is, OPTIONS everywhere; any other method is 405
with \`Allow\`. What each does, parameter by parameter, is in [protocol.md](protocol.md). "Needs" is the scope that a token must have,
once there is one ([access.md](access.md)); until then everybody who reaches the server may do everything.
`;

/** The whole page. */
export function renderRouteIndex(): string {
  const rows = ROUTES.map((route) => `| ${route.method} | \`${route.pattern}\` | ${route.summary} | ${needs(route)} |`);
  const patterns = [...new Set(ROUTES.map(({ pattern }) => pattern))];
  const allowed = patterns.map((pattern) => `| \`${pattern}\` | ${allowedMethods(pattern)} |`);
  return [
    HEAD,
    ["| Method | Path | What it does | Needs |", "|---|---|---|---|", ...rows, ""].join("\n"),
    ["## Allow", "", "| Path | Methods |", "|---|---|", ...allowed, ""].join("\n"),
  ].join("\n");
}

function needs({ action, actionWhen, alsoNeeds }: Route): string {
  const instead = actionWhen === undefined ? "" : `; with \`?${actionWhen.parameter}\` ${actionWhen.action}`;
  if (action === "by-command") return "what each command needs ([redis-rest.md](redis-rest.md#tokens))";
  if (alsoNeeds === undefined) return `${action}${instead}`;
  const when = alsoNeeds.when === "always" ? "" : " with `Prefer: return=representation`";
  return `${action}${instead}, and ${alsoNeeds.action}${when}`;
}
