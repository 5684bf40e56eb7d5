// Merges flag > environment > file > default into one frozen Config, and remembers where each value came from. Unknown
// names are refused with the nearest known one, because a misspelt option that is ignored is a setting that is not in
// force. The environment and the reading of files are passed in; nothing here touches the process.
import { hidePassword, hidePasswordIn } from "./hidden-passwords.ts";
import { findNearest } from "./nearest.ts";
import type { Option } from "./option.ts";
import type { Config } from "./options.ts";
import { CONFIG_SCHEMA, OPTIONS } from "./options.ts";

export type Origin = "flag" | "environment" | "file" | "default";

/** Where the value of one option came from. */
export interface Provenance {
  readonly name: string;
  /** As it was written, with *** for a password. */
  readonly text: string;
  /** As the server takes it: the property of Config, with *** for a password. */
  readonly value: unknown;
  readonly origin: Origin;
  /** The flag, the environment name or the file that holds it; "default" for none. */
  readonly from: string;
}

export interface ConfigSources {
  /** By option name, without dashes in front; "config" names the file. */
  readonly flags: Readonly<Record<string, string>>;
  /** Names that do not begin with KEYHOLD_ are passed over. An empty value is no value. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** @throws Error when the file cannot be read; its message is shown */
  readonly readFile: (path: string) => string;
}

export type LoadResult =
  | { readonly is: "loaded"; readonly config: Config; readonly provenance: readonly Provenance[] }
  /** One sentence a problem, without full stops. */
  | { readonly is: "refused"; readonly problems: readonly string[] };

interface Setting {
  readonly text: string;
  readonly origin: Origin;
  readonly from: string;
  /** How a message names it: the flag, the environment name, or the entry in its file. */
  readonly label: string;
}

/** Settings of one origin by option name. */
type Settings = ReadonlyMap<string, Setting>;

const PREFIX = "KEYHOLD_";
/** Options whose values are URLs, in which a password may stand. */
const HOLD_URLS: readonly string[] = ["store", "traces"];
/** Environment names that are no options of the server. The name of the file cannot stand in the file. */
const FILE_FLAG = "config";
const FILE_ENVIRONMENT = "KEYHOLD_CONFIG";
/**
 * What commands that ask a server go by, and what they tell the programs that they run; beside a server of the same
 * environment it is of no meaning to that.
 */
const COMMAND_NAME = /^KEYHOLD_(?:URL|TOKEN|TOKEN_FILE|EVENT|EVENT_(?:KEY|REVISION|CURSOR)|LOCK_(?:KEY|REVISION))$/;
/**
 * Kubernetes gives every container variables for every service beside it, so a service named "keyhold" brings names of
 * these forms. They are not an operator's settings and are passed over.
 */
const SERVICE_LINK_NAME =
  /^KEYHOLD_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const SERVICE_LINK_PORT = /^(?:tcp|udp|sctp):\/\//;

/** Every problem found is told at once, those of values only when all names are known. */
export function loadConfig(sources: ConfigSources): LoadResult {
  const problems: string[] = [];
  const flags = readFlags(sources.flags, problems);
  const environment = readEnvironment(sources.environment, problems);
  const file = readConfigFile(sources, problems);
  if (problems.length > 0) return { is: "refused", problems };
  const settings = new Map<string, Setting>();
  for (const option of OPTIONS) {
    const given = flags.get(option.name) ?? environment.get(option.name) ?? file.get(option.name);
    settings.set(option.property, given ?? defaultSetting(option));
  }
  return parseSettings(settings);
}

function parseSettings(settings: Settings): LoadResult {
  const texts = Object.fromEntries([...settings].map(([property, setting]) => [property, setting.text]));
  const parsed = CONFIG_SCHEMA.safeParse(texts);
  if (!parsed.success) {
    return { is: "refused", problems: parsed.error.issues.map((issue) => describeIssue(issue, settings)) };
  }
  const values = new Map<string, unknown>(Object.entries(parsed.data));
  const provenance = OPTIONS.flatMap(({ name, property }) => {
    const setting = settings.get(property);
    if (setting === undefined) return [];
    const { origin, from } = setting;
    const value = values.get(property);
    return HOLD_URLS.includes(name)
      ? [{ name, text: hidePassword(setting.text), value: hidePasswordIn(value), origin, from }]
      : [{ name, text: setting.text, value, origin, from }];
  });
  return { is: "loaded", config: parsed.data, provenance };
}

function describeIssue(issue: { readonly path: readonly PropertyKey[]; readonly message: string }, settings: Settings) {
  const setting = settings.get(String(issue.path[0]));
  if (setting === undefined) return issue.message;
  const isUrl = OPTIONS.some(({ name, property }) => property === issue.path[0] && HOLD_URLS.includes(name));
  const text = isUrl ? hidePassword(setting.text) : setting.text;
  return `Cannot use ${setting.label} ${quote(text)}: ${issue.message}`;
}

function readFlags(flags: ConfigSources["flags"], problems: string[]): Settings {
  const settings = new Map<string, Setting>();
  for (const [name, text] of Object.entries(flags)) {
    if (name === FILE_FLAG) continue;
    const flag = `--${name}`;
    const option = OPTIONS.find((known) => known.flag === flag);
    if (option === undefined)
      problems.push(describeUnknown("option", flag, [...OPTIONS.map((known) => known.flag), "--config"]));
    else {
      const from = option.placeholder === null && text === "false" ? `--no-${name}` : flag;
      settings.set(name, { text, origin: "flag", from, label: flag });
    }
  }
  return settings;
}

function readEnvironment(environment: ConfigSources["environment"], problems: string[]): Settings {
  const settings = new Map<string, Setting>();
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(PREFIX) || text === undefined || text === "") continue;
    if (name === FILE_ENVIRONMENT || COMMAND_NAME.test(name)) continue;
    if (isServiceLink(name, text)) continue;
    const option = OPTIONS.find((known) => known.environment === name);
    const known = [...OPTIONS.map((each) => each.environment), FILE_ENVIRONMENT];
    if (option === undefined) problems.push(describeUnknown("environment variable", name, known));
    else settings.set(option.name, { text, origin: "environment", from: name, label: name });
  }
  return settings;
}

function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK_NAME.test(name) || (name === "KEYHOLD_PORT" && SERVICE_LINK_PORT.test(text));
}

function readConfigFile(sources: ConfigSources, problems: string[]): Settings {
  const settings = new Map<string, Setting>();
  const path = sources.flags[FILE_FLAG] ?? (sources.environment[FILE_ENVIRONMENT] || undefined);
  if (path === undefined) return settings;
  const entries = parseConfigFile(path, sources.readFile, problems);
  for (const [name, value] of Object.entries(entries)) {
    const option = OPTIONS.find((known) => known.name === name);
    const label = `${name} in ${quote(path)}`;
    if (option === undefined)
      problems.push(
        describeUnknown(
          "entry",
          name,
          OPTIONS.map((known) => known.name),
          path,
        ),
      );
    else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      settings.set(name, { text: String(value), origin: "file", from: path, label });
    } else problems.push(`Cannot use ${label}: expected ${option.allowed}`);
  }
  return settings;
}

function parseConfigFile(path: string, readFile: ConfigSources["readFile"], problems: string[]): object {
  try {
    return Bun.TOML.parse(readFile(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    problems.push(`Cannot read the configuration file ${quote(path)}: ${reason}`);
    return {};
  }
}

function defaultSetting(option: Option): Setting {
  return { text: option.default, origin: "default", from: "default", label: option.flag };
}

function describeUnknown(kind: string, name: string, known: readonly string[], file?: string): string {
  const nearest = findNearest(name, known);
  const place = file === undefined ? "" : ` in ${quote(file)}`;
  return `Unknown ${kind} ${quoteOdd(name)}${place}${nearest === null ? "" : `; did you mean ${nearest}?`}`;
}

/** Names are shown as they are unless they would do something to a terminal or a line. */
function quoteOdd(name: string): string {
  return /^[\w-]+$/.test(name) ? name : quote(name);
}

function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
