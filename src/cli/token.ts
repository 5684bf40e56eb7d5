// `keyhold token create|list|revoke`. The secret of a new token is all that `create` writes to standard output, so that
// TOKEN=$(keyhold token create …) holds it; what people read goes to standard error.
import { type Command, Option } from "commander";
import { duration } from "../config/formats.ts";
import { KeyholdError } from "../core/errors.ts";
import { DEFAULT_SCOPES, SCOPES } from "../core/token.ts";
import type { TokenJson } from "../wire/token-json.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { loadStoreConfig, makeCommandLog } from "./command-store.ts";
import { declareConfigFlag, declareStoreFlags, readConfigFlags } from "./config-flags.ts";
import { EXIT } from "./exit-codes.ts";
import {
  addJsonFlag,
  addServerPlaceFlags,
  collect,
  DEFAULT_URL,
  isGiven,
  listFlag,
  readServerUrl,
  readToken,
  readUrlVariable,
  textFlag,
} from "./flags.ts";
import { tellFault, withHint } from "./run-command.ts";
import { toTable } from "./table.ts";
import { makeServerDesk, makeStoreDesk, type TokenDesk } from "./token-desk.ts";

const EVERY_SCOPE = "all";
const LIFETIME = duration({ least: "1s", most: "36500d" });
const NOTES = `
A running server is asked by --url or KEYHOLD_URL, with a token of the scope admin in the file of --token-file or
in KEYHOLD_TOKEN. Without these, and with --store, this command opens the store itself: that of --store,
KEYHOLD_STORE or the options file, else the default. No server may hold it meanwhile.`;

export const TOKEN_CREATE: CommandBody = {
  notes: NOTES,
  declareFlags(command) {
    const add = (option: Option) => command.addOption(option.helpGroup("Token:"));
    add(new Option("--name <NAME>", "What it is for; lists show it").makeOptionMandatory());
    const scopes = `What it gives leave for: some of ${SCOPES.join(", ")}, with commas between, or ${EVERY_SCOPE}`;
    add(new Option("--scope <SCOPES>", scopes).default(DEFAULT_SCOPES.join(",")));
    add(new Option("--prefix <PREFIX>", "Only for keys that begin so; may be given again").argParser(collect));
    add(new Option("--expires-in <DURATION>", "Only for so long, such as 12h or 90d"));
    declarePlace(command);
  },
  run: (context) => atDesk(context, (desk) => create(desk, context)),
};

export const TOKEN_LIST: CommandBody = {
  notes: NOTES,
  declareFlags: declarePlace,
  run: (context) =>
    atDesk(context, async (desk) => {
      const tokens = await desk.list();
      context.host.writeOut(isGiven(context.command, "json") ? toJson(tokens) : toTokenTable(tokens));
    }),
};

export const TOKEN_REVOKE: CommandBody = {
  notes: NOTES,
  declareFlags(command) {
    command.argument("<ID>", "As list shows it");
    declarePlace(command);
  },
  run: (context) =>
    atDesk(context, async (desk) => {
      const token = await desk.revoke(context.command.args[0] ?? "");
      if (isGiven(context.command, "json")) context.host.writeOut(toJson(token));
      else context.host.writeError(`keyhold: ${token.id} (${token.name}) is revoked\n`);
    }),
};

function declarePlace(command: Command): void {
  declareStoreFlags(command);
  declareConfigFlag(command);
  addServerPlaceFlags(command);
  addJsonFlag(command);
}

async function create(desk: TokenDesk, context: CommandContext): Promise<void> {
  const { host } = context;
  const scope = textFlag(context.command, "scope") ?? "";
  const token = await desk.create({
    name: textFlag(context.command, "name") ?? "",
    scopes: scope === EVERY_SCOPE ? SCOPES : scope.split(",").map((word) => word.trim()),
    prefixes: listFlag(context.command, "prefix"),
    expiresInMs: lifetimeOf(context),
  });
  if (isGiven(context.command, "json")) return host.writeOut(toJson(token));
  host.writeOut(`${token.token}\n`);
  host.writeError(`keyhold: ${token.id} (${token.name}) may ${token.scopes.join(", ")}; ${keysOf(token)}; ${endOf(token)}
keyhold: the line on standard output is its secret, which is shown this once
`);
}

/** Runs a command at its desk. Each is one step, which a signal ends as it always does. */
async function atDesk(context: CommandContext, work: (desk: TokenDesk) => Promise<void>): Promise<number> {
  let desk: TokenDesk | null = null;
  try {
    desk = await openDesk(context);
    await work(desk);
    return EXIT.ok;
  } catch (error) {
    const isHeld = error instanceof KeyholdError && "holder" in error.data;
    return tellFault(isHeld ? withHint(error, `or ask it: ${ASK_SERVER}`) : error, context.host);
  } finally {
    await desk?.close();
  }
}

const ASK_SERVER = `--url ${DEFAULT_URL} with --token-file FILE or KEYHOLD_TOKEN`;

async function openDesk(context: CommandContext): Promise<TokenDesk> {
  const { command, host } = context;
  const url = readDeskUrl(context);
  if (url !== null) return makeServerDesk({ url, token: readToken(context) });
  const config = loadStoreConfig(context, readConfigFlags(command));
  const { store } = config;
  if (store.engine === "memory") {
    throw new KeyholdError("unavailable", `A store in memory is its server's alone: ask that: ${ASK_SERVER}`);
  }
  // Only create may make a store: a list of none, out of a name that was mistyped, would look like one without tokens.
  if (command.name() !== "create" && store.engine === "sqlite") await requireStore(store.directory);
  // Loaded here and not above, so that help and mistakes are answered without opening an engine.
  const { openTokens } = await import("../compose.ts");
  return makeStoreDesk(await openTokens(config, makeCommandLog(host)));
}

/** The server to ask; null for the store of the configuration. @throws "invalid-parameter" */
function readDeskUrl(context: CommandContext): string | null {
  const { command, environment } = context;
  const isStoreNamed = textFlag(command, "store") !== null;
  const isServerNamed = textFlag(command, "url") !== null;
  if (isStoreNamed && isServerNamed) {
    throw new KeyholdError("invalid-parameter", "Option --url cannot be used with option --store: name one of them");
  }
  if (isServerNamed) return readServerUrl(context);
  return isStoreNamed ? null : readUrlVariable(environment);
}

/** @throws "unavailable" where there is no store */
async function requireStore(directory: string): Promise<void> {
  const { openSnapshot } = await import("../engines/archive.ts");
  openSnapshot({ directory }).close();
}

function lifetimeOf(context: CommandContext): number | null {
  const text = textFlag(context.command, "expiresIn");
  if (text === null) return null;
  const parsed = LIFETIME.schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new KeyholdError(
    "invalid-expiry",
    `Cannot use --expires-in ${JSON.stringify(text)}: expected ${LIFETIME.allowed}`,
  );
}

function toTokenTable(tokens: readonly TokenJson[]): string {
  const rows = tokens.map((token) => [
    token.id,
    token.state,
    token.scopes.join(","),
    token.prefixes.length === 0 ? "*" : token.prefixes.map((prefix) => JSON.stringify(prefix)).join(" "),
    token.created_at,
    token.expires_at ?? "never",
    token.name,
  ]);
  return toTable([["ID", "STATE", "SCOPES", "KEYS", "CREATED", "EXPIRES", "NAME"], ...rows]);
}

function keysOf({ prefixes }: TokenJson): string {
  return prefixes.length === 0
    ? "every key"
    : `keys that begin with ${prefixes.map((prefix) => JSON.stringify(prefix)).join(" or ")}`;
}

function endOf({ expires_at }: TokenJson): string {
  return expires_at === null ? "until it is revoked" : `until ${expires_at}`;
}

function toJson(document: unknown): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
