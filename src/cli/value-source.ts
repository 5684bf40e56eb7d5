// Where a value comes from: the command line, standard input (-) or a file (@FILE, --file FILE), and under which media type.
import { statSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { KeyholdError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { MEDIA } from "../wire/headers.ts";
import { isGiven, textFlag } from "./flags.ts";
import type { Host } from "./host.ts";

export interface ReadValue {
  readonly bytes: Uint8Array;
  /** By where it comes from: a text, a file's name, or unknown bytes. */
  readonly contentType: string;
}

export const VALUE_NOTE = `
VALUE is the text itself, - for standard input, or @FILE for what is in a file; --literal takes it as it stands.`;

export function addValueFlags(command: Command): void {
  command
    .addOption(new Option("--file <FILE>", "The value is what is in it").helpGroup("Value:"))
    .addOption(
      new Option("--literal", "VALUE is the text itself, also where it is - or begins with @").helpGroup("Value:"),
    );
}

/**
 * @param argument - VALUE, if it was given
 * @throws "invalid-parameter" where there is none, or two; "value-too-large"; what the system says of the file
 */
export async function readValue(command: Command, argument: string | undefined, host: Host): Promise<ReadValue> {
  const file = textFlag(command, "file");
  if (file !== null && argument !== undefined) {
    throw new KeyholdError("invalid-parameter", "Cannot take a value from VALUE and from --file: give one of them");
  }
  if (file !== null) return readFile(file);
  if (argument === undefined) {
    throw new KeyholdError(
      "invalid-parameter",
      "Cannot write an entry without a value: give VALUE, - for standard input, or @FILE ('' for an empty one)",
    );
  }
  if (!isGiven(command, "literal")) {
    if (argument === "-") return { bytes: await readInput(host), contentType: MEDIA.bytes };
    if (argument.startsWith("@")) return readFile(argument.slice(1));
  }
  return { bytes: Buffer.from(argument), contentType: MEDIA.plain };
}

/** All of standard input. @throws "value-too-large" beyond what any server takes */
export async function readInput(host: Host): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of host.input()) {
    parts.push(part);
    bytes += part.length;
    requireSize(bytes, "Standard input");
  }
  return Buffer.concat(parts);
}

async function readFile(path: string): Promise<ReadValue> {
  const { size } = statSync(path);
  requireSize(size, path);
  const file = Bun.file(path);
  return { bytes: new Uint8Array(await file.arrayBuffer()), contentType: typeOf(path, file.type) };
}

/** By the end of its name. What is not known is bytes. */
function typeOf(path: string, guessed: string): string {
  if (!basename(path).includes(".")) return MEDIA.bytes;
  // As the protocol writes text elsewhere.
  return guessed === "" ? MEDIA.bytes : guessed.replace(/;charset=/, "; charset=");
}

function requireSize(bytes: number, name: string): void {
  if (bytes <= LIMITS.valueCeilingBytes) return;
  throw new KeyholdError(
    "value-too-large",
    `Cannot write ${name}: it has more than ${LIMITS.valueCeilingBytes} bytes, which no server takes`,
  );
}
