// PATCH on one entry (contract §8): counters, appending and expiry by a form, and the two JSON patches. Each is atomic;
// what it is worked out on is read inside the commit, or is the commit's condition.
import type { Entry, EntryInfo } from "../core/entry.ts";
import { KeyholdError } from "../core/errors.ts";
import { type Expiry, KEEP } from "../core/expiry.ts";
import type { Key } from "../core/key.ts";
import { LIMITS } from "../core/limits.ts";
import { essence } from "../core/media-type.ts";
import { quote } from "../core/quote.ts";
import { contentOfBytes } from "../wire/entry-json.ts";
import { FIELD, MEDIA } from "../wire/headers.ts";
import { mergePatch } from "../wire/json-merge-patch.ts";
import { decodeJsonText, parseJson } from "../wire/json-object.ts";
import { applyJsonPatch, parseJsonPatch } from "../wire/json-patch.ts";
import { countParts } from "../wire/json-scan.ts";
import { readBody } from "./body.ts";
import { COUNTER_PARAMETERS, readCount } from "./counter-fields.ts";
import type { Dialect } from "./dialect.ts";
import type { EntryRequest } from "./entry-handlers.ts";
import { writtenHeaders } from "./entry-headers.ts";
import type { Incoming, Reply } from "./exchange.ts";
import { EXPIRY_PARAMETERS, PATCH_EXPIRY_PARAMETERS, readExpiry, readPatchExpiry } from "./expiry-fields.ts";
import { Parameters } from "./parameters.ts";
import { readWriteConditions } from "./preconditions.ts";
import { wantsMinimal, wantsRepresentation } from "./prefer.ts";
import { parsePairs } from "./target.ts";

/** Media types that PATCH on an entry takes. */
export const PATCH_TYPES = [MEDIA.form, MEDIA.mergePatch, MEDIA.jsonPatch].join(", ");

const STEPS = ["incr", "decr"] as const;
const SIDES = ["append", "prepend"] as const;
const FORM_PARAMETERS = [...STEPS, ...COUNTER_PARAMETERS, ...SIDES, ...PATCH_EXPIRY_PARAMETERS];
/** A byte of a value takes at most three in a form, as `%41`; the rest is names and numbers. */
const FORM_BYTES_PER_BYTE = 3;
const FORM_FRAME_BYTES = 8192;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

export async function patchEntry(request: EntryRequest): Promise<Reply> {
  const reply = await patchByType(request);
  if (reply.body === null || !wantsRepresentation(request.incoming)) return reply;
  return { ...reply, headers: { ...reply.headers, [FIELD.preferenceApplied]: "return=representation" } };
}

async function patchByType(request: EntryRequest): Promise<Reply> {
  const contentType = request.incoming.header(FIELD.contentType);
  switch (contentType === null ? null : essence(contentType)) {
    case MEDIA.form:
      return patchByForm(request);
    case MEDIA.mergePatch:
      return patchJson(request, { creates: true, read: readMergePatch });
    case MEDIA.jsonPatch:
      return patchJson(request, { creates: false, read: readJsonPatch });
    default:
      throw new KeyholdError(
        "unsupported-media-type",
        `Cannot apply a patch of type ${quote(contentType ?? "none")}: send one of ${PATCH_TYPES}, such as curl -X PATCH -d incr=1`,
      );
  }
}

async function patchByForm(request: EntryRequest): Promise<Reply> {
  const { incoming, parameters, key, entries } = request;
  parameters.requireKnown([]);
  const form = await readForm(incoming, request.dialect.maxValueBytes);
  const expiry = readPatchExpiry(form, incoming, entries.now());
  const operations = [...STEPS, ...SIDES].filter((name) => form.one(name) !== null);
  const [operation, second] = operations;
  if (second !== undefined) {
    throw new KeyholdError("invalid-request", `Cannot apply both ${operation} and ${second}: send them one by one`);
  }
  switch (operation) {
    case "incr":
    case "decr": {
      const edited = await entries.increment(key, readCount(form, readStep(form)), terms(incoming, expiry));
      return request.dialect.edited(edited, entries.now(), !wantsMinimal(incoming));
    }
    case "append":
    case "prepend":
      return append(request, { form, side: operation === "append" ? "end" : "start", expiry });
    default:
      return touch(request, form, expiry);
  }
}

function readStep(form: Parameters): number {
  return (form.signedInteger("incr") ?? 0) - (form.signedInteger("decr") ?? 0);
}

async function append(
  { incoming, key, dialect, entries }: EntryRequest,
  { form, side, expiry }: { readonly form: Parameters; readonly side: "start" | "end"; readonly expiry: Expiry | null },
): Promise<Reply> {
  refuseParameters(form, COUNTER_PARAMETERS, "goes with incr and decr");
  const value = encoder.encode(form.one(side === "end" ? "append" : "prepend") ?? "");
  const isShown = isAnswerShown(incoming, dialect);
  const text = { side, value, maxBytes: dialect.maxValueBytes };
  const edited = await entries
    .append(key, text, { ...terms(incoming, expiry), want: isShown ? "after" : "info" })
    .catch((error: unknown) => {
      throw error instanceof KeyholdError && error.code === "value-too-large" ? dialect.tooLarge(key) : error;
    });
  return dialect.edited(edited, entries.now(), isShown);
}

async function touch(
  { incoming, key, dialect, entries }: EntryRequest,
  form: Parameters,
  expiry: Expiry | null,
): Promise<Reply> {
  refuseParameters(form, COUNTER_PARAMETERS, "goes with incr and decr");
  refuseParameters(form, ["expire_new"], "goes with what can create the entry: incr, decr, append and prepend");
  if (expiry === null) {
    throw new KeyholdError("invalid-request", `Cannot apply an empty patch: give one of ${FORM_PARAMETERS.join(", ")}`);
  }
  const info = await entries.touch(key, expiry, readWriteConditions(incoming));
  return { status: 204, headers: writtenHeaders(info, entries.now(), dialect.ownView.tagSuffix ?? ""), body: null };
}

/** One of the two kinds of JSON patch. */
interface JsonPatchKind {
  /** Whether it makes a value where there is none. */
  readonly creates: boolean;
  /** Reads a patch; what it gives turns the JSON text of a value, or null for none, into another. */
  readonly read: (patch: string, limits: { readonly maxBytes: number }) => (document: string | null) => string;
}

async function patchJson(request: EntryRequest, { creates, read }: JsonPatchKind): Promise<Reply> {
  const { incoming, parameters, key, dialect, entries } = request;
  parameters.requireKnown(EXPIRY_PARAMETERS);
  const expiry = readExpiry(parameters, incoming, entries.now());
  const maxBytes = dialect.maxValueBytes;
  const body = await readBody(incoming, { maxBytes: LIMITS.patchedBytes, tooLarge: patchTooLarge });
  const apply = read(requirePatchParts(decodeJsonText(body)), { maxBytes });
  const edit = (entry: Entry | null) => {
    const document = entry === null ? null : jsonOf(entry);
    const value = encoder.encode(within(dialect, key, () => apply(document)));
    if (value.length > maxBytes) throw dialect.tooLarge(key);
    return contentOfBytes(value, entry?.contentType ?? MEDIA.json);
  };
  const isShown = isAnswerShown(incoming, dialect);
  const want = isShown ? "after" : "info";
  const edited = await entries.edit(key, edit, { ...terms(incoming, expiry), creates, want });
  return dialect.edited(edited, entries.now(), isShown);
}

function readMergePatch(patch: string): (document: string | null) => string {
  parseJson(patch);
  return (document) => mergePatch(document, patch);
}

function readJsonPatch(text: string, limits: { readonly maxBytes: number }): (document: string | null) => string {
  const patch = parseJsonPatch(text);
  return (document) => applyJsonPatch(document ?? "null", patch, limits);
}

/** What a patch says of a value that grows too large, with the key and what raises the limit, which it does not know. */
function within(dialect: Dialect, key: Key, apply: () => string): string {
  try {
    return apply();
  } catch (error) {
    if (!(error instanceof KeyholdError) || error.code !== "value-too-large") throw error;
    throw new KeyholdError(error.code, error.detail, dialect.tooLarge(key).data, { cause: error });
  }
}

/** The text of a patch, before it is parsed. @throws "body-too-large" where it has more than LIMITS.patchParts values */
export function requirePatchParts(text: string): string {
  const { all } = countParts(text);
  if (all <= LIMITS.patchParts) return text;
  throw new KeyholdError(
    "body-too-large",
    `Cannot apply the patch: it has ${all} values, limit ${LIMITS.patchParts}; send it in parts, or PUT the whole`,
    { limit: LIMITS.patchParts },
  );
}

export function patchTooLarge(): KeyholdError {
  const limit = LIMITS.patchedBytes;
  return new KeyholdError("body-too-large", `Cannot apply a patch of more than ${limit} bytes`, { limit });
}

/** @throws "value-too-large" where a value is longer than what is patched */
export function requirePatchable({ key, size }: EntryInfo): void {
  if (size <= LIMITS.patchedBytes) return;
  throw new KeyholdError(
    "value-too-large",
    `Cannot patch ${JSON.stringify(key)}: its value has ${size} bytes, limit ${LIMITS.patchedBytes}; PUT the whole`,
    { key, limit: LIMITS.patchedBytes },
  );
}

/** The JSON text of a value. @throws "not-json"; "value-too-large" beyond what is patched */
function jsonOf(entry: Entry): string {
  requirePatchable(entry);
  const { key, value, form, contentType, revision } = entry;
  if (form === "json" || form === "wrapped-json") return decoder.decode(value);
  throw new KeyholdError(
    "not-json",
    `Cannot patch ${JSON.stringify(key)}: its value, of type ${contentType}, is not JSON; PUT it once as application/json`,
    { key, revision },
  );
}

function isAnswerShown(incoming: Incoming, dialect: Dialect): boolean {
  return dialect.showsWrites ? !wantsMinimal(incoming) : wantsRepresentation(incoming);
}

function terms(incoming: Incoming, expiry: Expiry | null) {
  return { when: readWriteConditions(incoming), expiry: expiry ?? KEEP };
}

function refuseParameters(form: Parameters, names: readonly string[], where: string): void {
  const name = names.find((candidate) => form.one(candidate) !== null);
  if (name === undefined) return;
  throw new KeyholdError("invalid-parameter", `Cannot use ${name} here: it ${where}`, { parameter: name });
}

/** @throws "invalid-request" where it is not text, "invalid-parameter" on what is unknown */
async function readForm(incoming: Incoming, maxValueBytes: number): Promise<Parameters> {
  const maxBytes = Math.max(LIMITS.parameterBodyBytes, maxValueBytes * FORM_BYTES_PER_BYTE + FORM_FRAME_BYTES);
  const body = await readBody(incoming, {
    maxBytes,
    tooLarge: () =>
      new KeyholdError("body-too-large", `Cannot read the form: it has more than ${maxBytes} bytes; send it in parts`, {
        limit: maxBytes,
      }),
  });
  try {
    return new Parameters(parsePairs(strictDecoder.decode(body))).requireKnown(FORM_PARAMETERS);
  } catch (error) {
    if (error instanceof KeyholdError) throw error;
    throw new KeyholdError("invalid-request", "Cannot read the form: it is not valid UTF-8", {}, { cause: error });
  }
}
