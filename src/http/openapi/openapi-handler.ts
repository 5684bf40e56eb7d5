// `GET /-/openapi.json`: the interface as OpenAPI 3.1. Made when it is first asked for, and kept packed.
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { FIELD, MEDIA } from "../../wire/headers.ts";
import { sendFile } from "../assets/asset-handlers.ts";
import type { LoadedAsset } from "../assets/web-assets.ts";
import type { Reply } from "../exchange.ts";
import type { Route, RouteRequest } from "../route.ts";

const FIELDS = { [FIELD.cacheControl]: "no-cache" };

/** @param routes - of the whole table, which this route is a row of */
export function sendOpenApi(routes: () => readonly Route[]): (request: RouteRequest) => Promise<Reply> {
  let made: Promise<LoadedAsset> | null = null;
  return async ({ incoming, services: { facts } }) => {
    made ??= makeFile(routes(), facts.version);
    return await sendFile(incoming, await made, FIELDS);
  };
}

async function makeFile(routes: readonly Route[], version: string): Promise<LoadedAsset> {
  const { openApiDocument } = await import("./document.ts");
  const text = `${JSON.stringify(openApiDocument(routes, { version, serverUrl: "/" }))}\n`;
  return {
    path: "openapi.json",
    contentType: MEDIA.json,
    hash: createHash("sha256").update(text).digest("hex").slice(0, 16),
    packed: gzipSync(text),
  };
}
