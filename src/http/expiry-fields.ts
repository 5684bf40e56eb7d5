// When an entry is to end, as requests say it (contract §7): `expire_in`, `expire_at`, or the field TTL; one of them.
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, type Expiry, NEVER, toEpochMs } from "../core/expiry.ts";
import { LIMITS } from "../core/limits.ts";
import { quote } from "../core/quote.ts";
import { FIELD } from "../wire/headers.ts";
import type { Incoming } from "./exchange.ts";
import type { Parameters } from "./parameters.ts";

export const EXPIRY_PARAMETERS = ["expire_in", "expire_at"] as const;

/** What a PATCH may say besides: no end any more, or an end only for what it creates. */
export const PATCH_EXPIRY_PARAMETERS = [...EXPIRY_PARAMETERS, "expire_new", "persist"] as const;

const SECONDS = /^\d{1,12}(?:\.\d{1,9})?$/;
const WHOLE_SECONDS = /^\d{1,12}$/;
const RFC_3339 = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** The expiry that a request asks for; null where it says nothing. @throws "invalid-expiry" */
export function readExpiry(parameters: Parameters, incoming: Incoming | null, now: EpochMs): Expiry | null {
  const given = [
    { name: "expire_in", text: parameters.one("expire_in"), parse: parseSeconds },
    { name: "expire_at", text: parameters.one("expire_at"), parse: parseInstant },
    { name: "TTL", text: incoming?.header(FIELD.ttl) ?? null, parse: parseTtl },
  ].filter(({ text }) => text !== null);
  const [first, second] = given;
  if (first === undefined || first.text === null) return null;
  if (second !== undefined) {
    throw new KeyholdError("invalid-expiry", `Cannot use both ${first.name} and ${second.name}: give one expiry`);
  }
  return first.parse(first.name, first.text, now);
}

/** As readExpiry(), of what a PATCH may say. */
export function readPatchExpiry(form: Parameters, incoming: Incoming | null, now: EpochMs): Expiry | null {
  const expiry = readExpiry(form, incoming, now);
  const seconds = form.one("expire_new");
  const given = [...(expiry === null ? [] : ["an expiry"]), ...(seconds === null ? [] : ["expire_new"])];
  if (form.flag("persist")) given.push("persist");
  if (given.length > 1) throw new KeyholdError("invalid-expiry", `Cannot use both ${given.join(" and ")}: give one`);
  if (seconds !== null) return { kind: "ifNew", expiry: parseSeconds("expire_new", seconds, now) };
  return given[0] === "persist" ? NEVER : expiry;
}

/** So many seconds from now. @param name - what the text was given as @throws "invalid-expiry" */
export function parseSeconds(name: string, text: string, now: EpochMs): Expiry {
  if (!SECONDS.test(text)) {
    throw invalidExpiry(name, text, "a number of seconds above 0 is needed, such as 60 or 0.5");
  }
  return inSeconds(name, text, now);
}

function parseTtl(name: string, text: string, now: EpochMs): Expiry {
  if (!WHOLE_SECONDS.test(text))
    throw invalidExpiry(name, text, "a whole number of seconds above 0 is needed, such as 60");
  return inSeconds(name, text, now);
}

function inSeconds(name: string, text: string, now: EpochMs): Expiry {
  const ms = Math.round(Number(text) * 1000);
  if (Number(text) === 0) throw invalidExpiry(name, text, "it must lie ahead; DELETE removes an entry at once");
  if (now + ms > LIMITS.latestInstantMs) throw invalidExpiry(name, text, "it lies beyond the year 9999");
  return { kind: "in", ms };
}

/** Unix seconds or RFC 3339, ahead of now. As parseSeconds(). */
export function parseInstant(name: string, text: string, now: EpochMs): Expiry {
  const ms = SECONDS.test(text) ? Math.round(Number(text) * 1000) : parseRfc3339(text);
  if (ms === null) {
    throw invalidExpiry(name, text, "Unix seconds or RFC 3339 is needed, such as 1795132800 or 2026-11-20T12:00:00Z");
  }
  if (Number.isNaN(ms)) throw invalidExpiry(name, text, "there is no such date");
  if (ms <= now)
    throw invalidExpiry(name, text, `it lies in the past; the server's clock says ${new Date(now).toISOString()}`);
  if (ms > LIMITS.latestInstantMs) throw invalidExpiry(name, text, "it lies beyond the year 9999");
  return { kind: "at", at: toEpochMs(ms) };
}

/** Null where the text is of another form; NaN where it names no instant, as on the 30th of February. */
function parseRfc3339(text: string): number | null {
  const normal = text.replace(" ", "T").toUpperCase();
  const [, local] = RFC_3339.exec(normal) ?? [];
  if (local === undefined) return null;
  // Date.parse() carries days and hours that there are not over to the next month and day.
  const isThere = !Number.isNaN(Date.parse(`${local}Z`)) && new Date(`${local}Z`).toISOString().startsWith(local);
  return isThere ? Date.parse(normal) : Number.NaN;
}

function invalidExpiry(name: string, text: string, rule: string): KeyholdError {
  return new KeyholdError("invalid-expiry", `Cannot use ${name}=${quote(text)}: ${rule}`, {
    parameter: name,
  });
}
