// Reads what a request carries, within a limit that is known before the first byte is taken.
import { KeyholdError } from "../core/errors.ts";
import { essence } from "../core/media-type.ts";
import { quote } from "../core/quote.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { decodeJsonText } from "../wire/json-object.ts";
import type { Incoming } from "./exchange.ts";

export interface BodyLimit {
  readonly maxBytes: number;
  /** What a longer one is refused with, before it has been read to its end. */
  readonly tooLarge: () => KeyholdError;
}

/**
 * The body, whole.
 *
 * @throws what limit.tooLarge gives; "unsupported-media-type" on a coded body; "length-required" where there is none
 */
export async function readBody(incoming: Incoming, limit: BodyLimit): Promise<Uint8Array> {
  const coding = incoming.header(FIELD.contentEncoding);
  if (coding !== null) {
    throw new KeyholdError(
      "unsupported-media-type",
      `Cannot take a body with Content-Encoding ${quote(coding)}: send it without; to keep compressed bytes, leave the field out`,
    );
  }
  if (incoming.header(FIELD.contentLength) === null && incoming.header(FIELD.transferEncoding) === null) {
    throw new KeyholdError(
      "length-required",
      "Cannot tell whether a body was meant: the request has neither Content-Length nor Transfer-Encoding; for an empty value send Content-Length: 0 (curl -d '')",
    );
  }
  const body = await incoming.body(limit.maxBytes);
  if (body === null) throw limit.tooLarge();
  return body;
}

/** @throws "invalid-request" where a request that speaks by its target alone has a body too */
export async function refuseBody(incoming: Incoming): Promise<void> {
  if (incoming.header(FIELD.contentLength) === null && incoming.header(FIELD.transferEncoding) === null) return;
  const body = await incoming.body(0);
  if (body !== null) return;
  throw new KeyholdError(
    "invalid-request",
    `Cannot use the body: ${incoming.method} here takes its values from the query`,
  );
}

/** The type of the body as it is stored: what curl adds on its own, or nothing, is "application/octet-stream". */
export function storedContentType(incoming: Incoming): string {
  const contentType = incoming.header(FIELD.contentType);
  if (contentType === null || contentType === "" || essence(contentType) === MEDIA.form) return MEDIA.bytes;
  return contentType;
}

/** A body that is JSON by its type, or by what curl -d calls everything. */
export async function readJsonText(incoming: Incoming, maxBytes: number): Promise<string> {
  const contentType = incoming.header(FIELD.contentType);
  if (contentType !== null && ![MEDIA.json, MEDIA.form].some((type) => type === essence(contentType))) {
    throw new KeyholdError(
      "unsupported-media-type",
      `Cannot read a body of type ${quote(contentType)}: send a JSON object as application/json`,
    );
  }
  return decodeJsonText(await readBody(incoming, jsonBodyLimit(maxBytes)));
}

/** The limit of a body that can be sent in parts. */
export function jsonBodyLimit(maxBytes: number): BodyLimit {
  const tooLarge = () =>
    new KeyholdError("body-too-large", `Cannot read the body: it has more than ${maxBytes} bytes; send it in parts`, {
      limit: maxBytes,
    });
  return { maxBytes, tooLarge };
}
