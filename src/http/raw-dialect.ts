// `/{key}` is the value: the body is the bytes, all else is in header fields (contract §4).
import { hasValue } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { isShortKey, type Key, parseKey } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { requireContentType } from "../core/media-type.ts";
import { contentOfBytes } from "../wire/entry-json.ts";
import { FIELD } from "../wire/headers.ts";
import { readBody, storedContentType } from "./body.ts";
import type { Dialect, View } from "./dialect.ts";
import { bytesHeaders, writtenHeaders } from "./entry-headers.ts";
import { encodePath } from "./target.ts";

export interface RawDialectOptions {
  /** Whether the short path takes the keys and values of `/keys/…`. */
  readonly isWide: boolean;
  readonly maxValueBytes: number;
}

/** Keys that the collection and the server hide, however they are encoded: `/%6beys` and `/keys` are one (RFC 3986 §6.2.2.2). */
const RESERVED = /^(?:keys|-)(?:\/|$)/;

export function makeRawDialect({ isWide, maxValueBytes }: RawDialectOptions): Dialect {
  const limitBytes = isWide ? maxValueBytes : Math.min(LIMITS.shortPathValueBytes, maxValueBytes);
  const tooLarge = (key: Key) => valueTooLong(key, limitBytes, isWide);
  return {
    readParameters: ["wait"],
    readFlags: [],
    ownView: rawView,
    maxValueBytes: limitBytes,
    tooLarge,
    showsWrites: false,

    parseKey(text) {
      const key = parseKey(text);
      if (RESERVED.test(text)) {
        throw new KeyholdError(
          "invalid-key",
          `Cannot use ${JSON.stringify(text)} at the short path, where "keys" and "-" begin other resources; use /keys/${encodePath(text)}`,
          { key },
        );
      }
      if (isWide || isShortKey(text)) return key;
      throw new KeyholdError(
        "invalid-key",
        `Cannot use ${JSON.stringify(text)} at the short path, which takes 1 to 255 of A-Z, a-z and 0-9; use /keys/${encodePath(text)}, or start the server with --wide`,
        { key },
      );
    },

    view: () => rawView,

    async readContent(incoming, key) {
      const contentType = requireContentType(storedContentType(incoming));
      return contentOfBytes(
        await readBody(incoming, { maxBytes: limitBytes, tooLarge: () => tooLarge(key) }),
        contentType,
      );
    },

    written({ info, isNew }, _content, now) {
      const headers = writtenHeaders(info, now, "");
      if (isNew) headers[FIELD.location] = `/${encodePath(info.key)}`;
      return { status: isNew ? 201 : 204, headers, body: null };
    },

    edited({ info, isNew }, now, isShown) {
      const value = isShown && hasValue(info) ? info.value : null;
      const headers = { ...(value === null ? writtenHeaders(info, now, "") : bytesHeaders(info, now)) };
      if (isNew) headers[FIELD.location] = `/${encodePath(info.key)}`;
      return { status: isNew ? 201 : value === null ? 204 : 200, headers, body: value };
    },

    deleted: () => ({ status: 204, headers: {}, body: null }),
  };
}

const rawView: View = {
  tagSuffix: "",
  hasRanges: true,
  headers: bytesHeaders,
  body: ({ value }) => value,
};

function valueTooLong(key: Key, limitBytes: number, isWide: boolean): KeyholdError {
  const way = isWide ? "--max-value raises it" : `PUT it to /keys/${encodePath(key)}, or start the server with --wide`;
  return new KeyholdError(
    "value-too-large",
    `Cannot store the value: it has more than ${limitBytes} bytes, the limit at the short path; ${way}`,
    { key, limit: limitBytes, option: isWide ? "--max-value" : "--wide" },
  );
}
