// Edits: mutations whose result depends on the value that they find. They are worked out inside the commit, on the value
// that stands, by this one function, so that every engine means the same by them and no client has to try again.
import type { Batch, Edit, Mutation, Write } from "./batch.ts";
import type { Entry } from "./entry.ts";
import { KeyholdError } from "./errors.ts";
import type { EpochMs } from "./expiry.ts";
import { formOf } from "./value-form.ts";

/** What a counter is created as: JSON, so that `/keys` shows a number. */
export const COUNTER_TYPE = "application/json";
/** What text is created as that is added to nothing. */
export const TEXT_TYPE = "text/plain; charset=utf-8";
const DECIMAL_INTEGER = /^(?:0|-?[1-9]\d{0,15})$/;
/** No counter is longer, so that a large value is not decoded to find that it is none. */
const INTEGER_BYTES_MAX = 17;

const encoder = new TextEncoder();
/** Keeps a byte order mark, which is no part of a number. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export function isEdit(mutation: Mutation): mutation is Edit {
  return mutation.op === "add" || mutation.op === "append";
}

/**
 * The batch with each edit as the put that it comes to.
 *
 * @param current - what stands under each mutation's key, with its value where the mutation is an edit
 * @throws "not-an-integer", "out-of-range", "value-too-large", each naming the key
 */
export function workOut(batch: Batch, current: readonly (Entry | null)[]): readonly Write[] {
  return batch.map((mutation, index) => (isEdit(mutation) ? toPut(mutation, current[index] ?? null) : mutation));
}

function toPut(edit: Edit, entry: Entry | null): Write {
  const { key, when, want, expiry } = edit;
  const value = edit.op === "add" ? encoder.encode(String(sumOf(edit, entry))) : joined(edit, entry);
  const contentType = entry?.contentType ?? (edit.op === "add" ? COUNTER_TYPE : TEXT_TYPE);
  return { op: "put", key, when, want, expiry, value, contentType, form: formOf(value, contentType) };
}

function sumOf({ key, delta, initial, min, max }: Extract<Edit, { op: "add" }>, entry: Entry | null): number {
  const value = entry === null ? initial : integerOf(entry);
  const sum = value + delta;
  if (sum >= min && sum <= max) return sum;
  throw outOfRange({ key, delta, min, max }, value, entry?.expiresAt ?? null);
}

/** What an engine that counts by itself answers where the sum would lie outside its bounds. */
export function outOfRange(
  { key, delta, min, max }: Pick<Extract<Edit, { op: "add" }>, "key" | "delta" | "min" | "max">,
  value: number,
  expiresAt: EpochMs | null,
): KeyholdError {
  return new KeyholdError(
    "out-of-range",
    `Cannot count ${JSON.stringify(key)} from ${value} by ${delta}: allowed is ${describeBounds(min, max)}`,
    { key, value, min, max, expires_at: instantText(expiresAt) },
  );
}

/** As outOfRange(), where what stands is no number. */
export function notAnInteger({ key, revision }: Pick<Entry, "key" | "revision">): KeyholdError {
  return new KeyholdError(
    "not-an-integer",
    `Cannot count on ${JSON.stringify(key)}: its value is no decimal integer within ±(2^53−1)`,
    { key, revision },
  );
}

/** As outOfRange(), where the value would be longer than it may. */
export function tooLong({ key, maxBytes }: Pick<Extract<Edit, { op: "append" }>, "key" | "maxBytes">, length: number) {
  return new KeyholdError(
    "value-too-large",
    `Cannot add to ${JSON.stringify(key)}: the value would have ${length} bytes, limit ${maxBytes}`,
    { key, limit: maxBytes },
  );
}

function describeBounds(min: number, max: number): string {
  if (min === Number.MIN_SAFE_INTEGER && max !== Number.MAX_SAFE_INTEGER) return `at most ${max}`;
  if (max === Number.MAX_SAFE_INTEGER && min !== Number.MIN_SAFE_INTEGER) return `at least ${min}`;
  return `${min} to ${max}`;
}

/** When a window that is full ends: who is refused wants to know it. */
function instantText(expiresAt: EpochMs | null): string | null {
  return expiresAt === null ? null : new Date(expiresAt).toISOString();
}

function integerOf({ key, value, revision }: Entry): number {
  const text = value.length > INTEGER_BYTES_MAX ? "" : decoder.decode(value);
  const integer = DECIMAL_INTEGER.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(integer)) return integer;
  throw notAnInteger({ key, revision });
}

function joined({ key, side, value, maxBytes }: Extract<Edit, { op: "append" }>, entry: Entry | null): Uint8Array {
  const standing = entry?.value ?? new Uint8Array();
  const [first, second] = side === "end" ? [standing, value] : [value, standing];
  const length = first.length + second.length;
  if (length > maxBytes) throw tooLong({ key, maxBytes }, length);
  const whole = new Uint8Array(length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
