// The pages that run in browsers, and what they load. A page has one address, and is asked for anew each time; what it loads is
// named after its content, and kept for ever. Pages hold no data: their scripts ask for it, with a token where one is asked for.
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { KeyholdError } from "../../core/errors.ts";
import { quote } from "../../core/quote.ts";
import { FIELD } from "../../wire/headers.ts";
import { takesGzip } from "../accept.ts";
import type { Incoming, Reply } from "../exchange.ts";
import { hasAlready } from "../preconditions.ts";
import type { RouteRequest } from "../route.ts";
import type { LoadedAsset } from "./web-assets.ts";

/**
 * Scripts and styles of this server alone, nothing within the page's own text, and no text of a script made into a page
 * (Trusted Types).
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join("; ");

const PAGE_FIELDS = {
  [FIELD.cacheControl]: "no-cache",
  [FIELD.contentSecurityPolicy]: PAGE_POLICY,
  [FIELD.openerPolicy]: "same-origin",
  [FIELD.referrerPolicy]: "no-referrer",
};
/** A year, and not to be asked for again within it (RFC 8246): another content has another name. */
const ASSET_FIELDS = { [FIELD.cacheControl]: "public, max-age=31536000, immutable" };

const unpack = promisify(gunzip);

/** @param name - as the page stands beneath `/-/` */
export function sendPage(name: string): (request: RouteRequest) => Promise<Reply> {
  return async ({ incoming, services }) => {
    const page = await services.assets.find(name);
    if (page === null) throw new KeyholdError("no-such-resource", `There is no page ${quote(name)}`);
    return await sendFile(incoming, page, PAGE_FIELDS);
  };
}

/** @throws "no-such-resource" on a name that no page of this version loads */
export async function sendAsset({ incoming, argument, services }: RouteRequest): Promise<Reply> {
  const asset = await services.assets.find(`assets/${argument}`);
  if (asset === null) {
    throw new KeyholdError(
      "no-such-resource",
      `There is no file ${quote(argument)}: load the page that named it again`,
    );
  }
  return await sendFile(incoming, asset, ASSET_FIELDS);
}

/** Packed or not: two representations, each with its own tag (RFC 9110 §8.8.3.3). */
export async function sendFile(incoming: Incoming, asset: LoadedAsset, fields: Reply["headers"]): Promise<Reply> {
  const isPacked = takesGzip(incoming.header(FIELD.acceptEncoding));
  const etag = `"${asset.hash}${isPacked ? "-gz" : ""}"`;
  const headers = {
    ...fields,
    [FIELD.contentTypeOptions]: "nosniff",
    [FIELD.etag]: etag,
    [FIELD.resourcePolicy]: "same-origin",
    [FIELD.vary]: FIELD.acceptEncoding,
  };
  if (hasAlready(incoming, etag)) return { status: 304, headers, body: null };
  const shown = { ...headers, [FIELD.contentType]: asset.contentType };
  if (!isPacked) return { status: 200, headers: shown, body: await unpack(asset.packed) };
  return { status: 200, headers: { ...shown, [FIELD.contentEncoding]: "gzip" }, body: asset.packed };
}
