// FROM and TO of a copy: what each name means, by which settings its store is opened, and the side that it becomes. The
// settings are those of the server, from flags, environment and file; each side takes what concerns its engine.
import { resolve } from "node:path";
import { hidePassword } from "../../config/hidden-passwords.ts";
import type { Config } from "../../config/options.ts";
import {
  parseStoreLocation,
  type StoreLocation,
  toStoreText,
  type ValkeyLocation,
} from "../../config/store-location.ts";
import { VALKEY_VALUE_BYTES_MAX } from "../../config/store-relations.ts";
import { KeyholdError } from "../../core/errors.ts";
import type { CommandContext } from "../command.ts";
import { loadStoreConfig, makeCommandLog } from "../command-store.ts";
import { readConfigFlags } from "../config-flags.ts";
import { readToken, textFlag, toPropertyName } from "../flags.ts";
import type { Remote } from "../remote.ts";
import { parseServerUrl } from "../server-url.ts";
import { openServerSide } from "./server-side.ts";
import type { ReadSide, WriteSide } from "./side.ts";
import { makeReadSide, makeWriteSide, toReading } from "./store-side.ts";

/** Which of the two, as messages name it. */
export type SideName = "FROM" | "TO";

export type SidePlace =
  | { readonly kind: "server"; readonly remote: Remote }
  | { readonly kind: "directory"; readonly directory: string; readonly config: Config }
  | { readonly kind: "valkey"; readonly location: ValkeyLocation; readonly config: Config };

/** @throws "invalid-parameter" on a name of no store; BadConfig */
export function readSidePlace(context: CommandContext, side: SideName): SidePlace {
  const text = context.command.args[side === "FROM" ? 0 : 1] ?? "";
  const prefix = side === "FROM" ? "--from" : "--to";
  if (/^https?:/i.test(text)) {
    const url = parseServerUrl(text, side);
    return { kind: "server", remote: { url, token: readToken(context, `${prefix}-token-file`) } };
  }
  const location = parseLocation(text, side);
  const config = loadStoreConfig(context, {
    ...readConfigFlags(context.command),
    ...flagsOf(location, side, context),
    store: text,
  });
  return location.engine === "valkey"
    ? { kind: "valkey", location, config }
    : { kind: "directory", directory: location.directory, config };
}

/**
 * A flag of the store that no side has a use for was meant to do something.
 *
 * @throws "invalid-parameter" naming it
 */
export function requireUsed(context: CommandContext, places: Readonly<Record<SideName, SidePlace>>): void {
  for (const name of Object.keys(readConfigFlags(context.command))) {
    if (name === "config") continue;
    const takes = (side: SideName) => {
      const place = places[side];
      return place.kind === "valkey" && !(name in flagsOf(place.location, side, context));
    };
    if (takes("FROM") || takes("TO")) continue;
    throw new KeyholdError("invalid-parameter", `Cannot use --${name}: neither FROM nor TO has a use for it`);
  }
  for (const [flag, side] of [
    ["--from-password-file", "FROM"],
    ["--to-password-file", "TO"],
    ["--from-prefix", "FROM"],
    ["--to-prefix", "TO"],
  ] as const) {
    if (textFlag(context.command, toPropertyName(flag)) === null || places[side].kind === "valkey") continue;
    throw new KeyholdError("invalid-parameter", `Cannot use ${flag}: ${side} is no store on Valkey`);
  }
}

/** Opened to be read only. A directory may be that of a store which a server holds. */
export async function openReadSide(place: SidePlace, context: CommandContext, signal: AbortSignal): Promise<ReadSide> {
  switch (place.kind) {
    case "server":
      return openServerSide(place.remote, { nowMs: context.host.nowMs, signal });
    case "directory": {
      const { isServed, visit } = await import("../../engines/archive.ts");
      return makeReadSide(`sqlite:${place.directory}`, visit(place.directory), isServed(place.directory));
    }
    case "valkey": {
      const { openTransfer } = await import("../../compose.ts");
      const open = await openTransfer(place.config, makeCommandLog(context.host), "refused");
      return makeReadSide(toStoreText(place.location), toReading(open), true);
    }
    default:
      throw new RangeError(`There is no side ${JSON.stringify(place satisfies never)}`);
  }
}

/** Opened to be written: a directory must not be that of a store which a server holds. */
export async function openWriteSide(
  place: SidePlace,
  context: CommandContext,
  signal: AbortSignal,
): Promise<WriteSide> {
  if (place.kind === "server") return openServerSide(place.remote, { nowMs: context.host.nowMs, signal });
  const { openTransfer } = await import("../../compose.ts");
  const open = await openTransfer(place.config, makeCommandLog(context.host));
  return place.kind === "directory"
    ? makeWriteSide(`sqlite:${place.directory}`, open, null)
    : makeWriteSide(toStoreText(place.location), open, VALKEY_VALUE_BYTES_MAX);
}

function parseLocation(text: string, side: SideName): Exclude<StoreLocation, { engine: "memory" }> {
  const refuse = (why: string) =>
    new KeyholdError("invalid-parameter", `Cannot use ${side} ${JSON.stringify(hidePassword(text))}: ${why}`);
  const parsed = parseStoreLocation(text);
  if (parsed.is === "refused") throw refuse(`${parsed.problem}, or the URL of a server such as http://127.0.0.1:3000`);
  const { location } = parsed;
  if (location.engine === "memory") throw refuse("a store in memory is its server's alone: name that by its URL");
  return location.engine === "sqlite" ? { ...location, directory: resolve(location.directory) } : location;
}

/**
 * What a side must not take from flags, environment or file, as it is meant for the other, with the values that say so; and
 * what is meant for it alone.
 */
function flagsOf(location: StoreLocation, side: SideName, context: CommandContext): Readonly<Record<string, string>> {
  const none = { "store-user": "none", "store-password-file": "none", "store-ca": "none" };
  const noSentinel = { "sentinel-user": "none", "sentinel-password-file": "none" };
  if (location.engine !== "valkey") return { ...none, ...noSentinel, promise: "auto", partitions: "0" };
  const isFrom = side === "FROM";
  const passwordFile = textFlag(context.command, isFrom ? "fromPasswordFile" : "toPasswordFile");
  const prefix = textFlag(context.command, isFrom ? "fromPrefix" : "toPrefix");
  return {
    ...(prefix !== null && { "store-prefix": prefix }),
    // Said of the store that is made.
    ...(isFrom && { partitions: "0" }),
    "store-size": "0B",
    durability: "full",
    "max-value": `${VALKEY_VALUE_BYTES_MAX}B`,
    "body-budget": `${4 * VALKEY_VALUE_BYTES_MAX}B`,
    ...(location.user !== null && { "store-user": "none" }),
    ...(passwordFile !== null
      ? { "store-password-file": passwordFile }
      : location.password !== null && { "store-password-file": "none" }),
    ...(!location.isTls && { "store-ca": "none" }),
    ...(location.topology !== "sentinel" && noSentinel),
  };
}
