// The body of `POST /-/tokens`: what a new token is to give leave for. Which of it a token may have is judged in core/token.ts.
import { KeyholdError } from "../core/errors.ts";
import { type EpochMs, resolveExpiry } from "../core/expiry.ts";
import { DEFAULT_SCOPES, type Grant, makeGrant } from "../core/token.ts";
import { parseJsonObject } from "../wire/json-object.ts";
import { parseInstant, parseSeconds } from "./expiry-fields.ts";

const MEMBERS = ["name", "scopes", "prefixes", "expires_in", "expires_at"] as const;

/** @throws "invalid-json", "invalid-parameter", "invalid-expiry" */
export function readGrant(text: string, now: EpochMs): Grant {
  const members = new Map(
    parseJsonObject(text).map((member): [string, unknown] => [member.name, JSON.parse(member.text)]),
  );
  const unknown = [...members.keys()].find((name) => !MEMBERS.some((member) => member === name));
  if (unknown !== undefined) {
    throw refusal(unknown, `Unknown member ${JSON.stringify(unknown)}: a token has ${MEMBERS.join(", ")}`);
  }
  const name = members.get("name");
  if (typeof name !== "string") throw refusal("name", 'Cannot make a token without a name: give "name", a text');
  return makeGrant({
    name,
    scopes: readTexts(members, "scopes") ?? DEFAULT_SCOPES,
    prefixes: readTexts(members, "prefixes") ?? [],
    expiresAt: readEnd(members, now),
  });
}

function readTexts(members: ReadonlyMap<string, unknown>, name: "scopes" | "prefixes"): readonly string[] | null {
  const given = members.get(name);
  if (given === undefined) return null;
  if (Array.isArray(given) && given.every((text) => typeof text === "string")) return given;
  throw refusal(name, `Cannot use ${name}: a list of texts is needed`);
}

/** Null for a token that does not end. */
function readEnd(members: ReadonlyMap<string, unknown>, now: EpochMs): EpochMs | null {
  const given = (["expires_in", "expires_at"] as const).filter((name) => (members.get(name) ?? null) !== null);
  const [name, second] = given;
  if (name === undefined) return null;
  if (second !== undefined) throw new KeyholdError("invalid-expiry", `Cannot use both ${name} and ${second}: give one`);
  const parse = name === "expires_in" ? parseSeconds : parseInstant;
  const value = members.get(name);
  if (typeof value !== "number" && typeof value !== "string") {
    throw new KeyholdError("invalid-expiry", `Cannot use ${name}: a number or a text is needed`);
  }
  return resolveExpiry(parse(name, String(value), now), now, null);
}

function refusal(parameter: string, detail: string): KeyholdError {
  return new KeyholdError("invalid-parameter", detail, { parameter });
}
