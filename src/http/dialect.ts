// What a dialect is: how one entry looks on the wire. It knows nothing of methods, conditions, tokens or stores; handlers
// know those and no representation. A new dialect is one file and its routes.
import type { Entry, EntryInfo } from "../core/entry.ts";
import type { KeyholdError } from "../core/errors.ts";
import type { EpochMs } from "../core/expiry.ts";
import type { Key } from "../core/key.ts";
import type { Edited, Written } from "../service/entries.ts";
import type { Content } from "../wire/entry-json.ts";
import type { Incoming, Reply, ReplyHeaders } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";

/** One way to see an entry: what negotiation and parameters decide, made once a request. */
export interface View {
  /** Appended to an entry's tag in its ETag; null for a view that has no strong one. */
  readonly tagSuffix: string | null;
  /** Whether one byte range of it may be asked for. */
  readonly hasRanges: boolean;
  /** The fields of the answer to a successful read. */
  headers(entry: EntryInfo, now: EpochMs): ReplyHeaders;
  /** Its body. */
  body(entry: Entry, now: EpochMs): Uint8Array | string;
}

export interface Dialect {
  /** Query parameters that a read may have. */
  readonly readParameters: readonly string[];
  /** Those of them that are written alone. */
  readonly readFlags: readonly string[];
  /** How it shows an entry that nobody asked to see otherwise. */
  readonly ownView: View;
  /** @throws "invalid-key" where the dialect cannot name the key */
  parseKey(text: string): Key;
  /** How this request wants to see entries of this type. @throws "not-acceptable" */
  view(incoming: Incoming, parameters: Parameters, contentType: string): View;
  /** The content that a PUT carries. @throws KeyholdError if the body does not fit the dialect or its limits */
  readContent(incoming: Incoming, key: Key): Promise<Content>;
  /** The answer to a PUT that has been committed. @param isShown - false where the client wants no body */
  written(written: Written, content: Content, now: EpochMs, isShown: boolean): Reply;
  /** Longest value that it writes, in bytes. */
  readonly maxValueBytes: number;
  /** What a longer one is refused with: names the limit, and what raises it. */
  tooLarge(key: Key): KeyholdError;
  /** Whether it answers writes with what stands then, though nobody asked. */
  readonly showsWrites: boolean;
  /** The answer to a PATCH that has been committed. @param isShown - whether with its value, which is there then */
  edited(edited: Edited, now: EpochMs, isShown: boolean): Reply;
  /** The answer to a DELETE that has been committed. */
  deleted(): Reply;
}
