// What a run of commands makes of the entries it names: a view that reads each entry when it is first asked for, remembers what
// the commands write, and tells at the end which mutations commit it, each on the condition that what was read still stands. A
// draft that cannot be committed, because another write came between, is thrown away and made anew; so a run is atomic and
// isolated however often it writes a key, and however its commands depend on each other.
import type { Mutation } from "../../core/batch.ts";
import { ALWAYS, type Condition } from "../../core/condition.ts";
import { TEXT_TYPE } from "../../core/edit.ts";
import type { Entry, ValueForm } from "../../core/entry.ts";
import { KeyholdError } from "../../core/errors.ts";
import { type EpochMs, type Expiry, NEVER, resolveExpiry, toEpochMs } from "../../core/expiry.ts";
import { requireReadBytes } from "../../core/judge.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { formOf } from "../../core/value-form.ts";
import { MEDIA } from "../../wire/headers.ts";
import type { End } from "./arguments.ts";
import { tooLong } from "./refusal.ts";

/** An entry as the run has it at the moment. */
export interface Standing {
  readonly value: Uint8Array;
  readonly contentType: string;
  readonly form: ValueForm;
  readonly expiresAt: EpochMs | null;
  /** As it is committed. */
  readonly expiry: Expiry;
}

export interface DraftSource {
  /** One answer a key, in the order asked; of one instant where the store can. */
  readonly read: (keys: readonly Key[]) => Promise<readonly (Entry | null)[]>;
  /** The instant of the run. */
  readonly now: EpochMs;
  readonly maxValueBytes: number;
}

interface Slot {
  /** What the store has; undefined as long as nobody has asked. */
  read: { readonly entry: Entry | null } | null;
  /** What the run has made of it; null where it has left it as it is. */
  written: { readonly standing: Standing | null } | null;
  /** Whether the value is still that of the store, so that a change of expiry alone is committed as one. */
  keepsValue: boolean;
}

export class Draft {
  readonly now: EpochMs;
  readonly maxValueBytes: number;
  readonly #read: DraftSource["read"];
  readonly #slots = new Map<Key, Slot>();
  #readBytes = 0;
  #writes = 0;
  #writtenBytes = 0;

  constructor({ read, now, maxValueBytes }: DraftSource) {
    this.#read = read;
    this.now = now;
    this.maxValueBytes = maxValueBytes;
  }

  /** Reads what of these keys has not been read, together. @throws "body-too-large" where several come to more than LIMITS.readBytes */
  async prepare(keys: readonly Key[]): Promise<void> {
    const missing = [...new Set(keys)].filter((key) => {
      const slot = this.#slots.get(key);
      return slot === undefined || (slot.read === null && slot.written === null);
    });
    if (missing.length === 0) return;
    const entries = await this.#read(missing);
    for (const [index, key] of missing.entries()) this.#note(key, entries[index] ?? null);
    if (this.#slots.size > 1) requireReadBytes(this.#readBytes);
  }

  /** The entry as it stands now. */
  async find(key: Key): Promise<Standing | null> {
    await this.prepare([key]);
    const slot = this.#slot(key);
    return slot.written === null ? standingOf(slot.read?.entry ?? null, this.now) : slot.written.standing;
  }

  /** Sets a value of its own making: text, or bytes where it is none. */
  set(key: Key, value: Uint8Array, end: End | null): void {
    this.#write(key, { ...this.#contentOf(value), ...this.#endOf(end) }, false);
  }

  /** As set(), with the end of an entry that stands. */
  setKeeping(key: Key, value: Uint8Array, { expiresAt, expiry }: Standing): void {
    this.#write(key, { ...this.#contentOf(value), expiresAt, expiry }, false);
  }

  /** Sets the value of an entry that stands, or creates it under `contentType`; its type and end stay. */
  replace(key: Key, value: Uint8Array, standing: Standing | null, contentType: string): void {
    this.requireFits(value);
    const type = standing?.contentType ?? contentType;
    const { expiresAt, expiry } = standing ?? { expiresAt: null, expiry: NEVER };
    this.#write(key, { value, contentType: type, form: formOf(value, type), expiresAt, expiry }, false);
  }

  /** Puts an entry under another key, with its type and end. */
  place(key: Key, standing: Standing): void {
    this.#write(key, standing, false);
  }

  /** Changes when an entry ends; null for never. */
  end(key: Key, standing: Standing, end: End | null): void {
    this.#write(key, { ...standing, ...this.#endOf(end) }, this.#slot(key).keepsValue);
  }

  remove(key: Key): void {
    this.#slot(key).written = { standing: null };
  }

  /** Whether the end has come, so that an entry given it is gone. */
  hasPassed(end: End): boolean {
    return (end.kind === "in" ? end.ms : end.ms - this.now) <= 0;
  }

  /** To be asked of all values first where several are set, so that a command that fails has done nothing. @throws Refusal */
  requireFits(value: Uint8Array): void {
    if (value.length > this.maxValueBytes) throw tooLong(this.maxValueBytes);
  }

  get keys(): readonly Key[] {
    return [...this.#slots.keys()];
  }

  get writes(): boolean {
    return [...this.#slots.values()].some(({ written }) => written !== null);
  }

  /** What commits the draft, and that what it has read still stands. */
  mutations(): readonly Mutation[] {
    return [...this.#slots].map(([key, slot]) => mutationOf(key, slot));
  }

  #slot(key: Key): Slot {
    const standing = this.#slots.get(key);
    if (standing !== undefined) return standing;
    const made: Slot = { read: null, written: null, keepsValue: true };
    this.#slots.set(key, made);
    return made;
  }

  #note(key: Key, entry: Entry | null): void {
    this.#slot(key).read = { entry };
    this.#readBytes += entry?.size ?? 0;
  }

  #write(key: Key, standing: Standing, keepsValue: boolean): void {
    if (!keepsValue) this.#countWritten(standing.value.length);
    const hasEnded = standing.expiresAt !== null && standing.expiresAt <= this.now;
    const slot = this.#slot(key);
    slot.written = { standing: hasEnded ? null : standing };
    slot.keepsValue = keepsValue;
  }

  /** What is written over is counted as well: making it took its time, in which others wait. */
  #countWritten(bytes: number): void {
    this.#writes++;
    this.#writtenBytes += bytes;
    if (this.#writes === 1 || this.#writtenBytes <= LIMITS.redisWrittenBytes) return;
    throw new KeyholdError(
      "body-too-large",
      `Cannot write more than ${LIMITS.redisWrittenBytes} bytes of values at once, those written over included; send them in parts`,
      { limit: LIMITS.redisWrittenBytes },
    );
  }

  #contentOf(value: Uint8Array): Pick<Standing, "value" | "contentType" | "form"> {
    this.requireFits(value);
    const form = formOf(value, TEXT_TYPE);
    return { value, form, contentType: form === "bytes" ? MEDIA.bytes : TEXT_TYPE };
  }

  #endOf(end: End | null): Pick<Standing, "expiresAt" | "expiry"> {
    if (end === null) return { expiresAt: null, expiry: NEVER };
    if (end.kind === "at") {
      const at = toEpochMs(Math.max(0, end.ms));
      return { expiresAt: at, expiry: { kind: "at", at } };
    }
    const expiry: Expiry = { kind: "in", ms: end.ms };
    return { expiresAt: resolveExpiry(expiry, this.now, null), expiry };
  }
}

function standingOf(entry: Entry | null, now: EpochMs): Standing | null {
  if (entry === null) return null;
  const { value, contentType, form, expiresAt } = entry;
  // It has ended since it was read; the commit would find so too.
  if (expiresAt !== null && expiresAt <= now) return null;
  return { value, contentType, form, expiresAt, expiry: expiresAt === null ? NEVER : { kind: "at", at: expiresAt } };
}

function mutationOf(key: Key, { read, written, keepsValue }: Slot): Mutation {
  const when = read === null ? ALWAYS : unchanged(read.entry);
  if (written === null) return { op: "check", key, when, want: "info" };
  const { standing } = written;
  if (standing === null) return { op: "delete", key, when, want: "info" };
  const { value, contentType, form, expiry } = standing;
  if (keepsValue && read !== null && read.entry !== null) return { op: "touch", key, when, want: "info", expiry };
  return { op: "put", key, when, want: "info", value, contentType, form, expiry };
}

function unchanged(entry: Entry | null): readonly Condition[] {
  if (entry === null) return [{ is: "absent" }];
  return [
    { is: "at", tags: [entry.tag] },
    { is: "endsAt", at: entry.expiresAt },
  ];
}
