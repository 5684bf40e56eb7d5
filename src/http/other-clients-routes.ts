// The rows of the route table for clients of other stores, each of which speaks a language of its own beneath its mount: of
// Upstash's REST for Redis, and of unstorage's http driver.
import { commandInBody, commandInPath, pipeline, redisFault, TOKEN_PARAMETER, transaction } from "./redis/handlers.ts";
import type { Route } from "./route.ts";
import { getItem, removeItem, setItem } from "./unstorage/handlers.ts";

/** A command says by its name what it needs leave for. */
const REDIS = { action: "by-command", tokenParameter: TOKEN_PARAMETER, toldAs: redisFault } as const;

export const OTHER_CLIENTS_ROUTES: readonly Route[] = [
  {
    ...REDIS,
    method: "POST",
    pattern: "/-/redis",
    summary: "A command of Redis as a JSON array, as Upstash's clients send it",
    handle: commandInBody,
  },
  {
    ...REDIS,
    method: "POST",
    pattern: "/-/redis/pipeline",
    summary: "Commands of Redis, one after the other",
    handle: pipeline,
  },
  {
    ...REDIS,
    method: "POST",
    pattern: "/-/redis/multi-exec",
    summary: "Commands of Redis, all at one instant",
    handle: transaction,
  },
  {
    ...REDIS,
    method: "GET",
    pattern: "/-/redis/{command}",
    summary: "A command of Redis as a path, such as `/get/key`",
    handle: commandInPath,
  },
  {
    ...REDIS,
    method: "POST",
    pattern: "/-/redis/{command}",
    summary: "The same, with its value in the body",
    handle: commandInPath,
  },
  {
    ...REDIS,
    method: "PUT",
    pattern: "/-/redis/{command}",
    summary: "The same, with its value in the body",
    handle: commandInPath,
  },
  {
    method: "GET",
    pattern: "/-/unstorage/{key}",
    action: "read",
    summary: "A value for unstorage's http driver; where the path ends in `:`, the keys beneath",
    handle: getItem,
  },
  {
    method: "PUT",
    pattern: "/-/unstorage/{key}",
    action: "write",
    summary: "Set a value, for as long as `X-TTL` says",
    handle: setItem,
  },
  {
    method: "DELETE",
    pattern: "/-/unstorage/{key}",
    action: "write",
    summary: "Remove a value; where the path ends in `:`, all beneath",
    handle: removeItem,
  },
];
