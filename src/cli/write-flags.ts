// Flags of what writes one entry: when it ends, under which condition, under which name for retries.
import { type Command, Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { durationFlag, isGiven, textFlag } from "./flags.ts";

export function addExpiryFlags(command: Command): void {
  command
    .addOption(new Option("--ttl <DURATION>", "It ends so long from now, such as 30s, 5m or 12h").helpGroup("End:"))
    .addOption(
      new Option("--expires-at <INSTANT>", "It ends then, such as 2036-01-01T00:00:00Z")
        .conflicts("ttl")
        .helpGroup("End:"),
    );
}

export function addIfMatch(command: Command): void {
  command.addOption(
    new Option("--if-match <TAG>", "Only while this is its tag, as head shows it; * for any entry").helpGroup(
      "Condition:",
    ),
  );
}

export function addIfAbsent(command: Command): void {
  command.addOption(
    new Option("--if-absent", "Only where there is no entry yet").conflicts("ifMatch").helpGroup("Condition:"),
  );
}

export function addIdempotencyKey(command: Command): void {
  command.addOption(
    new Option("--idempotency-key <NAME>", "Made once under this name, however often this is run").helpGroup(
      "Condition:",
    ),
  );
}

/** As the client takes it. @throws "invalid-expiry" */
export function readExpiry(command: Command): { ttlMs?: number; expiresAt?: Date } {
  const ttlMs = durationFlag(command, "--ttl");
  if (ttlMs !== null) return { ttlMs };
  const text = textFlag(command, "expiresAt");
  return text === null ? {} : { expiresAt: parseInstant(text, "--expires-at") };
}

/** RFC 3339, or a date alone. @throws "invalid-expiry" */
export function parseInstant(text: string, name: string): Date {
  const at = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/.test(text)
    ? new Date(text)
    : null;
  if (at !== null && !Number.isNaN(at.getTime())) return at;
  throw new KeyholdError(
    "invalid-expiry",
    `Cannot use ${name} ${JSON.stringify(text)}: expected an instant, such as 2036-01-01T00:00:00Z`,
  );
}

/** As the client takes it: a tag with its quotes, which are easily lost in a shell. */
export function readIfMatch(command: Command): { ifMatch?: string } {
  const text = textFlag(command, "ifMatch")?.trim() ?? null;
  if (text === null) return {};
  return { ifMatch: text === "*" || /^(?:W\/)?".*"$/.test(text) ? text : `"${text}"` };
}

export function readIfAbsent(command: Command): { ifAbsent?: true } {
  return isGiven(command, "ifAbsent") ? { ifAbsent: true } : {};
}

export function readIdempotencyKey(command: Command): { idempotencyKey?: string } {
  const idempotencyKey = textFlag(command, "idempotencyKey");
  return idempotencyKey === null ? {} : { idempotencyKey };
}
