// `keyhold token create|list|revoke`. The secret of a new token is all that `create` writes to standard output, so that
// TOKEN=$(keyhold token create …) holds it; what people read goes to standard error.
import { type Command, Option } from "commander";
import { duration } from "../config/formats.ts";
import { KeyholdError } from "../core/errors.ts";
import { DEFAULT_SCOPES, SCOPES } from "../core/token.ts";
import type { TokenJson } from "../wire/token-json.ts";
import type { CommandContext, CommandRow } from "./command.ts";
import { loadStoreConfig, makeCommandLog } from "./command-store.ts";
import { declareConfigFlag, declareStoreFlags, readConfigFlags } from "./config-flags.ts";
import { EXIT } from "./exit-codes.ts";
import { DEFAULT_URL, readToken, textFlag } from "./place.ts";
import { tellFault, withHint } from "./run-command.ts";
import { parseServerUrl } from "./server-url.ts";
import { toTable } from "./table.ts";
import { makeServerDesk, makeStoreDesk, type TokenDesk } from "./token-desk.ts";

const EVERY_SCOPE = "all";
const LIFETIME = duration({ least: "1s", most: "36500d" });
const NOTES = `
Without --url the store of the configuration is opened by this command: that of --store, KEYHOLD_STORE or the
options file, else the default. No server may hold it meanwhile. A running server is asked by --url, with a
token of the scope admin in the file of --token-file or in KEYHOLD_TOKEN.`;

export const TOKEN_COMMANDS: readonly CommandRow[] = [
  {
    name: "token create",
    summary: "Make an access token, and print its secret, this once",
    examples: [
      "keyhold token create --name admin --scope all",
      "keyhold token create --name ci --scope read,write --prefix ci/ --expires-in 90d",
      "TOKEN=$(keyhold token create --name backup --scope admin --url http://127.0.0.1:3000 --token-file admin.token)",
    ],
    notes: NOTES,
    declareFlags(command) {
      command
        .addOption(group("Token", new Option("--name <NAME>", "What it is for; lists show it").makeOptionMandatory()))
        .addOption(
          group(
            "Token",
            new Option(
              "--scope <SCOPES>",
              `What it gives leave for: some of ${SCOPES.join(", ")}, with commas between, or ${EVERY_SCOPE}`,
            ).default(DEFAULT_SCOPES.join(",")),
          ),
        )
        .addOption(
          group(
            "Token",
            new Option("--prefix <PREFIX>", "Only for keys that begin so; may be given again").argParser(collect),
          ),
        )
        .addOption(group("Token", new Option("--expires-in <DURATION>", "Only for so long, such as 12h or 90d")));
      declarePlace(command);
    },
    run: (context) => atDesk(context, (desk) => create(desk, context)),
  },
  {
    name: "token list",
    summary: "List access tokens, without their secrets",
    examples: ["keyhold token list", "keyhold token list --json --url http://127.0.0.1:3000 --token-file admin.token"],
    notes: NOTES,
    declareFlags: declarePlace,
    run: (context) =>
      atDesk(context, async (desk) => {
        const tokens = await desk.list();
        context.host.writeOut(isJson(context) ? toJson(tokens) : toTokenTable(tokens));
      }),
  },
  {
    name: "token revoke",
    summary: "Revoke an access token for good",
    examples: ["keyhold token revoke tk_3f9k2m1x8q0a"],
    notes: NOTES,
    declareFlags(command) {
      command.argument("<ID>", "As list shows it");
      declarePlace(command);
    },
    run: (context) =>
      atDesk(context, async (desk) => {
        const token = await desk.revoke(context.command.args[0] ?? "");
        if (isJson(context)) context.host.writeOut(toJson(token));
        else context.host.writeError(`keyhold: ${token.id} (${token.name}) is revoked\n`);
      }),
  },
];

function declarePlace(command: Command): void {
  declareStoreFlags(command);
  declareConfigFlag(command);
  command
    .addOption(
      group("Server", new Option("--url <URL>", `A running server, such as ${DEFAULT_URL}`).conflicts("store")),
    )
    .addOption(
      group("Server", new Option("--token-file <FILE>", "Holds the secret to ask it with; else KEYHOLD_TOKEN does")),
    )
    .addOption(group("Output", new Option("--json", "Print JSON")));
}

async function create(desk: TokenDesk, context: CommandContext): Promise<void> {
  const { host } = context;
  const scope = textFlag(context.command, "scope") ?? "";
  const token = await desk.create({
    name: textFlag(context.command, "name") ?? "",
    scopes: scope === EVERY_SCOPE ? SCOPES : scope.split(",").map((word) => word.trim()),
    prefixes: prefixesOf(context),
    expiresInMs: lifetimeOf(context),
  });
  if (isJson(context)) return host.writeOut(toJson(token));
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
  const url = textFlag(command, "url");
  if (url !== null) return makeServerDesk({ url: parseServerUrl(url), token: readToken(context) });
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

function prefixesOf({ command }: CommandContext): readonly string[] {
  const given: unknown = command.getOptionValue("prefix");
  return Array.isArray(given) ? given.map(String) : [];
}

function isJson({ command }: CommandContext): boolean {
  return command.getOptionValue("json") === true;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function group(name: string, option: Option): Option {
  return option.helpGroup(`${name}:`);
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
