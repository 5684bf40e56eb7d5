// Values on their way to the server: as the body of a PUT, and as the JSON view in a transaction.
import { essence } from "../core/media-type.ts";
import { MEDIA } from "../wire/headers.ts";
import { toBase64 } from "./base64.ts";
import { KeyholdError } from "./errors.ts";
import { JsonFence, requireJson } from "./json-fence.ts";
import type { RequestBody } from "./requester.ts";

/** What an entry can be made of. A stream is sent as it comes, and so only once. */
export type Value = string | Uint8Array | Blob | ReadableStream<Uint8Array>;

export interface ValueBody {
  readonly contentType: string;
  readonly body: RequestBody;
}

const encoder = new TextEncoder();
/** Kinds of values: anything else would be sent as the text that JavaScript makes of it, such as "[object Object]". */
const SHOWN = ["String", "Uint8Array"];
const SENT = [...SHOWN, "Blob", "File", "ReadableStream"];

/**
 * As it is stored under `contentType`: bytes as they are, but JSON as the member of an object, by which `/keys` knows it.
 *
 * @throws KeyholdError "invalid-json" on what is none under that type
 */
export async function bodyOf(key: string, value: Value, contentType: string | undefined): Promise<ValueBody> {
  requireKind(value, SENT);
  const type = contentType ?? typeOf(value);
  if (essence(type) === MEDIA.json) return { contentType: MEDIA.json, body: await wrapped(key, value) };
  return { contentType: type, body: value instanceof Uint8Array ? ownBytes(value) : value };
}

/** The JSON view of a value that is sent with its media type beside it. */
export function jsonViewOf(value: string | Uint8Array): unknown {
  requireKind(value, SHOWN);
  return typeof value === "string" ? value : { $base64: toBase64(value) };
}

/** @throws KeyholdError "invalid-call" on what JSON cannot say */
export function toJsonText(value: unknown): string {
  const text: unknown = JSON.stringify(value);
  if (typeof text === "string") return text;
  throw new KeyholdError("invalid-call", `Cannot store a ${typeof value} as JSON, which has no such value`);
}

/** The media type of a value that comes without one. */
export function typeOf(value: Value): string {
  if (typeof value === "string") return MEDIA.plain;
  return value instanceof Blob && value.type !== "" ? value.type : MEDIA.bytes;
}

/** By what it says of itself, which holds for another realm's objects too. @throws KeyholdError "invalid-call" */
function requireKind(value: unknown, allowed: readonly string[]): void {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (allowed.includes(kind)) return;
  throw new KeyholdError("invalid-call", `Cannot store a value of the kind ${kind}: putJson stores what JSON can say`);
}

/** `{"key": {"$json": …}}`: the text as it stands, whatever it looks like. */
async function wrapped(key: string, value: Value): Promise<RequestBody> {
  const [before, after] = [`{${JSON.stringify(key)}: {"$json": `, "}}"];
  if (value instanceof ReadableStream) return joined(before, value, after);
  const whole = value instanceof Blob ? new Uint8Array(await value.arrayBuffer()) : value;
  requireJson(whole);
  return typeof whole === "string" ? `${before}${whole}${after}` : new Blob([before, ownBytes(whole), after]);
}

function joined(before: string, value: ReadableStream<Uint8Array>, after: string): ReadableStream<Uint8Array> {
  const fence = new JsonFence();
  const frame = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(encoder.encode(before)),
    transform: (part, controller) => {
      fence.check(part);
      controller.enqueue(part);
    },
    flush: (controller) => controller.enqueue(encoder.encode(after)),
  });
  return value.pipeThrough(frame);
}

/** Memory that is shared between threads cannot be sent, and is copied. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isOwn(bytes) ? bytes : new Uint8Array(bytes);
}

function isOwn(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}
