// How the values of options are written as text: whole numbers, sizes, durations, choices, paths, the store. Each format
// knows what it allows in words, so that error messages and the reference page say the same. A value always starts as
// text, whether it came from a flag, the environment or the file; what an option is for stands in options.ts.
import { z } from "zod";
import type { WritePromise } from "../core/write-promise.ts";
import { DURATION_UNITS_MS, parseQuantity, SIZE_UNITS } from "./quantity.ts";
import { parseStoreLocation, STORE_ALLOWED, type StoreLocation } from "./store-location.ts";
import { PROMISE_ALLOWED, parsePromise } from "./write-promise.ts";

/** One way to write a value. */
export interface Format<T> {
  readonly schema: z.ZodType<T, string>;
  /** What may stand there, as the end of "expected …". */
  readonly allowed: string;
  /** The word for the value in help; null for an option that is given without one. */
  readonly placeholder: string | null;
  /** How the configuration file writes it: as a TOML string, or bare as a number or boolean. */
  readonly toml: "string" | "bare";
}

/** Where warnings and errors are kept; "in-store" is the file error.log in the store's directory, where it has one. */
export type ErrorLogPlace = { readonly file: string } | "none" | "in-store";

/** Bounds are included. */
export function wholeNumber(bounds: { readonly least: number; readonly most: number }): Format<number> {
  const allowed = `a whole number from ${bounds.least} to ${bounds.most}`;
  const schema = textSchema(allowed, (text) => within(bounds, /^[0-9]{1,15}$/.test(text) ? Number(text) : null));
  return { schema, allowed, placeholder: "NUMBER", toml: "bare" };
}

/** How many threads; "auto" for as many as the machine has cores. */
export function threads(most: number): Format<number | "auto"> {
  const allowed = `a whole number from 1 to ${most}, or auto`;
  const schema = textSchema<number | "auto">(allowed, (text) => {
    if (text === "auto") return text;
    return within({ least: 1, most }, /^[0-9]{1,4}$/.test(text) ? Number(text) : null);
  });
  return { schema, allowed, placeholder: "NUMBER", toml: "string" };
}

/** Result in bytes. Bounds are included, in bytes. */
export function size(bounds: { readonly least: number; readonly most: number }): Format<number> {
  const range = `${toSizeText(bounds.least)} to ${toSizeText(bounds.most)}`;
  const allowed = `a size from ${range}, written in ${Object.keys(SIZE_UNITS).join(", ")}`;
  const schema = textSchema(allowed, (text) => within(bounds, parseQuantity(text, SIZE_UNITS)));
  return { schema, allowed, placeholder: "SIZE", toml: "string" };
}

/** As size(), or "auto". */
export function sizeOrAuto(bounds: { readonly least: number; readonly most: number }): Format<number | "auto"> {
  const { allowed, ...rest } = size(bounds);
  const orAuto = `${allowed}, or auto`;
  const schema = textSchema<number | "auto">(orAuto, (text) =>
    text === "auto" ? text : within(bounds, parseQuantity(text, SIZE_UNITS)),
  );
  return { ...rest, allowed: orAuto, schema };
}

/** Result in milliseconds. Bounds are included, written as durations. */
export function duration(bounds: { readonly least: string; readonly most: string }): Format<number> {
  const leastMs = parseQuantity(bounds.least, DURATION_UNITS_MS) ?? 0;
  const mostMs = parseQuantity(bounds.most, DURATION_UNITS_MS) ?? 0;
  const allowed = `a duration from ${bounds.least} to ${bounds.most}, written in ${Object.keys(DURATION_UNITS_MS).join(", ")}`;
  const schema = textSchema(allowed, (text) =>
    within({ least: leastMs, most: mostMs }, parseQuantity(text, DURATION_UNITS_MS)),
  );
  return { schema, allowed, placeholder: "DURATION", toml: "string" };
}

export function choice<const Word extends string>(words: readonly Word[]): Format<Word> {
  const allowed = `one of ${words.join(", ")}`;
  const schema = textSchema(allowed, (text) => words.find((word) => word === text) ?? null);
  return { schema, allowed, placeholder: words.join("|"), toml: "string" };
}

/** A switch: --name and --no-name as flags, true or false elsewhere. */
export function yesOrNo(): Format<boolean> {
  const allowed = "true or false";
  const schema = textSchema(allowed, (text) => (text === "true" ? true : text === "false" ? false : null));
  return { schema, allowed, placeholder: null, toml: "bare" };
}

/** A host name or address to listen on. */
export function host(): Format<string> {
  const allowed = "an address or a host name, IPv6 without brackets";
  const schema = textSchema(allowed, (text) => (/^[A-Za-z0-9.:_%-]{1,253}$/.test(text) ? text : null));
  return { schema, allowed, placeholder: "HOST", toml: "string" };
}

export function store(): Format<StoreLocation> {
  const schema = z.string().transform((text, context) => {
    const parsed = parseStoreLocation(text);
    if (parsed.is === "location") return parsed.location;
    context.issues.push({ code: "custom", message: parsed.problem, input: text });
    return z.NEVER;
  });
  return { schema, allowed: STORE_ALLOWED, placeholder: "STORE", toml: "string" };
}

export function errorLog(): Format<ErrorLogPlace> {
  const allowed = "a file, none, or in-store for error.log in the store's directory";
  const schema = textSchema<ErrorLogPlace>(allowed, (text) => {
    if (text === "none" || text === "in-store") return text;
    return text === "" ? null : Object.freeze({ file: text });
  });
  return { schema, allowed, placeholder: "FILE", toml: "string" };
}

/** 1048576 as "1MiB": the largest unit that divides it. */
export function toSizeText(bytes: number): string {
  if (bytes === 0) return "0B";
  if (bytes % SIZE_UNITS.MiB === 0) return `${bytes / SIZE_UNITS.MiB}MiB`;
  return bytes % SIZE_UNITS.KiB === 0 ? `${bytes / SIZE_UNITS.KiB}KiB` : `${bytes}B`;
}

/** `parse` answers null for text that is not as `allowed` says. */
function textSchema<T>(allowed: string, parse: (text: string) => T | null): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== null) return value;
    context.issues.push({ code: "custom", message: `expected ${allowed}`, input: text });
    return z.NEVER;
  });
}

function within(bounds: { readonly least: number; readonly most: number }, value: number | null): number | null {
  return value !== null && value >= bounds.least && value <= bounds.most ? value : null;
}

/** A path, or none. */
export function fileOrNone(word = "FILE"): Format<string | null> {
  const allowed = `a path, or none`;
  const schema = textSchema<{ readonly path: string | null }>(allowed, (text) =>
    text === "" ? null : { path: text === "none" ? null : text },
  ).transform(({ path }) => path);
  return { schema, allowed, placeholder: word, toml: "string" };
}

/** Words separated by commas, or none. @param isWord - whether one is as `each` says */
export function list(each: string, placeholder: string, isWord: (word: string) => boolean): Format<readonly string[]> {
  const allowed = `${each}, several separated by commas, or none`;
  const schema = textSchema<readonly string[]>(allowed, (text) => {
    if (text === "none") return [];
    const words = text.split(",").map((word) => word.trim());
    return words.every((word) => word !== "none" && isWord(word)) ? words : null;
  });
  return { schema, allowed, placeholder, toml: "string" };
}

/** HOST:PORT, or none; an IPv6 address in brackets. */
export function hostAndPort(): Format<{ readonly host: string; readonly port: number } | null> {
  const allowed = "HOST:PORT, an IPv6 address in brackets, or none";
  const schema = textSchema<{ readonly at: { readonly host: string; readonly port: number } | null }>(
    allowed,
    (text) => {
      if (text === "none") return { at: null };
      const [, bracketed, plain, digits] =
        /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253})):([0-9]{1,5})$/.exec(text) ?? [];
      const name = bracketed ?? plain;
      const port = Number(digits);
      return name === undefined || port < 1 || port > 65535 ? null : { at: Object.freeze({ host: name, port }) };
    },
  ).transform(({ at }) => at);
  return { schema, allowed, placeholder: "HOST:PORT", toml: "string" };
}

/** An http or https URL, or none. */
export function urlOrNone(): Format<string | null> {
  const allowed = "an http or https URL, or none";
  const schema = textSchema<{ readonly url: string | null }>(allowed, (text) => {
    if (text === "none") return { url: null };
    return /^https?:\/\/[^\s/]/.test(text) && URL.canParse(text) ? { url: text } : null;
  }).transform(({ url }) => url);
  return { schema, allowed, placeholder: "URL", toml: "string" };
}

/** Words joined by dots, as StatsD names are. */
export function statsdPrefix(): Format<string> {
  const allowed = "letters, digits, - and _, in words joined by dots";
  const schema = textSchema(allowed, (text) => (/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,15}$/.test(text) ? text : null));
  return { schema, allowed, placeholder: "PREFIX", toml: "string" };
}

/** What an acknowledged write waits for. */
export function promise(): Format<WritePromise | "auto"> {
  const schema = textSchema(PROMISE_ALLOWED, parsePromise);
  return { schema, allowed: PROMISE_ALLOWED, placeholder: "PROMISE", toml: "string" };
}

/** What the names of keys begin with on a server that others use too. Braces would say where in a Cluster a key lies. */
export function keyPrefix(): Format<string> {
  const allowed = "1 to 64 letters, digits, . _ - and :";
  const schema = textSchema(allowed, (text) => (/^[A-Za-z0-9._:-]{1,64}$/.test(text) ? text : null));
  return { schema, allowed, placeholder: "PREFIX", toml: "string" };
}

/** The name of a user, or none. */
export function userOrNone(): Format<string | null> {
  const allowed = "a name without blanks, or none";
  const schema = textSchema<{ readonly user: string | null }>(allowed, (text) =>
    /^[^\s\u0000-\u001f\u007f]{1,256}$/.test(text) ? { user: text === "none" ? null : text } : null,
  ).transform(({ user }) => user);
  return { schema, allowed, placeholder: "USER", toml: "string" };
}
