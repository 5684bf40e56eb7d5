// `/-/unstorage/`: what unstorage's http driver asks of a server. Its keys are parted by `:`, those here by `/`; a path that ends
// in `:` means every key that begins so, to be listed or deleted. Entries are those of `/keys`, seen as bytes under the media
// type they were sent with, which nobody compares with what they are: the driver calls every text JSON.
import { KeyholdError } from "../../core/errors.ts";
import { type EpochMs, type Expiry, NEVER, secondsLeft } from "../../core/expiry.ts";
import { type Key, parseKey } from "../../core/key.ts";
import { requireContentType } from "../../core/media-type.ts";
import { EVERY_KEY } from "../../core/range.ts";
import { contentOfBytes } from "../../wire/entry-json.ts";
import { FIELD, MEDIA } from "../../wire/headers.ts";
import { readBody, storedContentType } from "../body.ts";
import type { View } from "../dialect.ts";
import { showThrough } from "../entry-handlers.ts";
import { bytesHeaders, writtenHeaders } from "../entry-headers.ts";
import type { Incoming, Reply } from "../exchange.ts";
import { parseSeconds } from "../expiry-fields.ts";
import { valueTooLarge } from "../json-dialect.ts";
import { listEntries } from "../listing.ts";
import { Parameters } from "../parameters.ts";
import { readWriteConditions, refuseConditions } from "../preconditions.ts";
import type { RouteRequest } from "../route.ts";
import { encodePath, splitTarget } from "../target.ts";

const MOUNT = "/-/unstorage/";
/** Ends a path that means all keys beneath. */
const BASE_MARK = ":";

/** The value, or the keys beneath. */
export async function getItem(request: RouteRequest): Promise<Reply> {
  const { incoming, parameters, argument, services } = request;
  parameters.requireKnown([]);
  const prefix = prefixOf({ incoming, argument });
  const { entries, hub, facts } = services;
  if (prefix === null) {
    const key = keyOf(argument);
    return showThrough(view, await entries.get(key), { incoming, key, entries });
  }
  const listing = new Parameters([...(prefix === "" ? [] : [["prefix", prefix] as const]), ["keys", "1"]]);
  return listEntries({ incoming, parameters: listing, entries, hub, maxValueBytes: facts.maxValueBytes });
}

export async function setItem({ incoming, parameters, argument, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown([]);
  const { entries, facts } = services;
  const key = keyOf(argument);
  const when = readWriteConditions(incoming);
  const expiry = readTtl(incoming, entries.now());
  const contentType = requireContentType(storedContentType(incoming));
  const tooLarge = () => valueTooLarge(key, facts.maxValueBytes);
  const body = await readBody(incoming, { maxBytes: facts.maxValueBytes, tooLarge });
  const { info, isNew } = await entries.put(key, { ...contentOfBytes(body, contentType), expiry }, when);
  const headers = writtenHeaders(info, entries.now(), "");
  if (isNew) headers[FIELD.location] = `${MOUNT}${encodePath(key)}`;
  return { status: isNew ? 201 : 204, headers, body: null };
}

/** Removes an entry, were there none; or all beneath, whose number is answered. */
export async function removeItem({ incoming, parameters, argument, services }: RouteRequest): Promise<Reply> {
  parameters.requireKnown([]);
  const prefix = prefixOf({ incoming, argument });
  if (prefix === null) {
    await removeIfThere(keyOf(argument), { incoming, services });
    return { status: 204, headers: {}, body: null };
  }
  refuseConditions(incoming);
  const deleted = await services.entries.deleteAll({ set: { ...EVERY_KEY, prefix } });
  return { status: 200, headers: { [FIELD.contentType]: MEDIA.json }, body: `{"deleted": ${deleted}}` };
}

const view: View = {
  tagSuffix: "",
  hasRanges: true,
  headers(entry, now) {
    const headers = bytesHeaders(entry, now);
    if (entry.expiresAt === null) return headers;
    return { ...headers, [FIELD.unstorageTtl]: String(secondsLeft(entry.expiresAt, now)) };
  },
  body: ({ value }) => value,
};

async function removeIfThere(
  key: Key,
  { incoming, services }: Pick<RouteRequest, "incoming" | "services">,
): Promise<void> {
  try {
    await services.entries.delete(key, readWriteConditions(incoming));
  } catch (error) {
    if (!(error instanceof KeyholdError && error.code === "not-found")) throw error;
  }
}

/** What the keys begin with that a path means; null for a path that names one, as one does whose last colon is an escape. */
function prefixOf({ incoming, argument }: Pick<RouteRequest, "incoming" | "argument">): string | null {
  if (!splitTarget(incoming.target).path.endsWith(BASE_MARK)) return null;
  const base = toSlashes(argument.slice(0, -BASE_MARK.length)).replace(/\/+$/, "");
  return base === "" ? "" : `${base}/`;
}

function keyOf(argument: string): Key {
  return parseKey(toSlashes(argument));
}

function toSlashes(text: string): string {
  return text.replaceAll(":", "/");
}

function readTtl(incoming: Incoming, now: EpochMs): Expiry {
  const field = incoming.header(FIELD.unstorageTtl);
  return field === null ? NEVER : parseSeconds(FIELD.unstorageTtl, field, now);
}
