// What a media type says, as far as Keyhold must know it (RFC 9110 §8.3.1).
import { KeyholdError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

/** What a header field can carry without quoting: visible ASCII and spaces. */
const FIELD_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** Types that a browser would run or lay out as a page. */
const ACTIVE =
  /^(?:text\/html|application\/xhtml\+xml|image\/svg\+xml|application\/pdf|(?:text|application)\/(?:x-)?(?:javascript|ecmascript)|(?:text|application)\/xml|[^;]+\+xml)$/;

/** The type and subtype alone, in lower case: "text/html; charset=utf-8" gives "text/html". */
export function essence(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Whether values of this type are JSON texts: application/json and any +json. */
export function isJsonType(contentType: string): boolean {
  const type = essence(contentType);
  return type === "application/json" || type.endsWith("+json");
}

/** Whether a browser that is sent this type must be told to save it, not to show it. Of a list it takes the last it knows. */
export function isActiveType(contentType: string): boolean {
  return contentType.split(",").some((part) => ACTIVE.test(essence(part)));
}

/**
 * Keeps a value's type verbatim, after seeing that every later answer can carry it.
 *
 * @throws "invalid-header" when longer than LIMITS.contentTypeBytes or not visible ASCII
 */
export function requireContentType(contentType: string): string {
  if (contentType.length > LIMITS.contentTypeBytes) {
    throw new KeyholdError(
      "invalid-header",
      `Cannot keep a Content-Type of ${contentType.length} bytes, limit ${LIMITS.contentTypeBytes}`,
      { limit: LIMITS.contentTypeBytes },
    );
  }
  if (!FIELD_TEXT.test(contentType)) {
    throw new KeyholdError(
      "invalid-header",
      "Cannot keep this Content-Type: it holds characters other than visible ASCII",
    );
  }
  return contentType;
}
