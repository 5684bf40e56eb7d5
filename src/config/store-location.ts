// Where entries are kept, as text and as what a program works with: sqlite:DIRECTORY, memory:, and the URLs of Valkey and
// Redis. What is wrong is said precisely, but never with the text itself: a mistyped URL may hold a password anywhere.
import { isIPv6 } from "node:net";

/** One server of an engine across the network. */
export interface ServerAddress {
  /** A name or an address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A store on Valkey or Redis. */
export interface ValkeyLocation {
  readonly engine: "valkey";
  readonly topology: "standalone" | "sentinel" | "cluster";
  /** One server standalone; else those that are asked first, of which one at least must be there. */
  readonly seeds: readonly ServerAddress[];
  /** How Sentinel calls the set of servers; null elsewhere. */
  readonly masterName: string | null;
  readonly database: number;
  readonly isTls: boolean;
  /** Of the URL alone; --store-user and --store-password-file stand beside it. Null where not given. */
  readonly user: string | null;
  readonly password: string | null;
}

/** Where entries are kept. */
export type StoreLocation =
  | { readonly engine: "sqlite"; readonly directory: string }
  | { readonly engine: "memory" }
  | ValkeyLocation;

export type ParsedLocation =
  | { readonly is: "location"; readonly location: StoreLocation }
  /** `problem` ends the sentence "Cannot use …: " and holds nothing of the text that may be secret. */
  | { readonly is: "refused"; readonly problem: string };

export const STORE_ALLOWED =
  "sqlite:DIRECTORY, a directory, memory:, valkey://HOST:PORT/DB, valkey+sentinel://HOST,HOST/NAME or valkey+cluster://HOST,HOST";

/** Two letters at least: C:\data is a directory. */
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s;
const VALKEY_SCHEME = /^(valkey|redis)(s?)(\+sentinel|\+cluster)?$/;
const SERVER_PORT = 6379;
const SENTINEL_PORT = 26_379;
const SEEDS_MAX = 64;
const DATABASE_MAX = 65_535;

/** Never throws. */
export function parseStoreLocation(text: string): ParsedLocation {
  const [, scheme, rest] = SCHEME.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return text === "" ? refused() : sqliteIn(text);
  if (scheme === "memory" && rest === "") return accepted({ engine: "memory" });
  // "sqlite://data" means ./data to some programs and /data to others.
  if (scheme === "sqlite" && rest !== "" && !rest.startsWith("//")) return sqliteIn(rest);
  const [, , secure, topology] = VALKEY_SCHEME.exec(scheme) ?? [];
  if (secure === undefined) return refused();
  try {
    const kind = topology === "+sentinel" ? "sentinel" : topology === "+cluster" ? "cluster" : "standalone";
    return accepted(parseValkey(rest, { topology: kind, isTls: secure === "s" }));
  } catch (error) {
    if (error instanceof Refusal) return { is: "refused", problem: error.message };
    throw error;
  }
}

/** As the location would be written, with *** for a password: for logs, lines on the screen and errors. */
export function toStoreText(location: StoreLocation): string {
  if (location.engine === "memory") return "memory:";
  if (location.engine === "sqlite") return `sqlite:${location.directory}`;
  const { topology, isTls, user, password, seeds, masterName, database } = location;
  const scheme = `valkey${isTls ? "s" : ""}${topology === "standalone" ? "" : `+${topology}`}`;
  const secret = password === null ? "" : ":***";
  const access = user === null && password === null ? "" : `${encodeURIComponent(user ?? "")}${secret}@`;
  const servers = seeds.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(",");
  const path = `${masterName === null ? "" : `/${masterName}`}${topology === "cluster" ? "" : `/${database}`}`;
  return `${scheme}://${access}${servers}${path}`;
}

/** What is thrown and caught in this file alone, so that each part can refuse from where it stands. */
class Refusal extends Error {}

type Kind = Pick<ValkeyLocation, "topology" | "isTls">;

const SHAPES = {
  standalone: "valkey://[USER[:PASSWORD]@]HOST[:PORT][/DB]",
  sentinel: "valkey+sentinel://[USER[:PASSWORD]@]HOST[:PORT],HOST[:PORT]/NAME[/DB]",
  cluster: "valkey+cluster://[USER[:PASSWORD]@]HOST[:PORT],HOST[:PORT]",
} as const satisfies Record<ValkeyLocation["topology"], string>;

function parseValkey(rest: string, kind: Kind): ValkeyLocation {
  const { topology } = kind;
  const expected = `expected ${SHAPES[topology]}`;
  if (!rest.startsWith("//")) throw new Refusal(`// is missing behind the scheme: ${expected}`);
  // What follows the user holds no @, so the last one ends it, also where a password holds one that is not encoded.
  const at = rest.lastIndexOf("@");
  const access = at < 0 ? { user: null, password: null } : parseAccess(rest.slice(2, at));
  const [servers = "", ...path] = rest.slice(at < 0 ? 2 : at + 1).split("/");
  if (/[?#]/.test(rest.slice(at + 1))) throw new Refusal(`a query or fragment is of no meaning: ${expected}`);
  const seeds = parseSeeds(servers, kind, expected);
  return { engine: "valkey", ...kind, ...access, seeds, ...parsePath(path, topology, expected) };
}

function parseAccess(text: string): Pick<ValkeyLocation, "user" | "password"> {
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  return {
    user: user === "" ? null : decode(user, "user"),
    password: colon < 0 || colon === text.length - 1 ? null : decode(text.slice(colon + 1), "password"),
  };
}

function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Refusal(`the ${what} is not percent-encoded UTF-8: a % stands in it as %25`);
  }
}

function parseSeeds(text: string, { topology }: Kind, expected: string): readonly ServerAddress[] {
  const parts = text.split(",");
  if (topology === "standalone" && parts.length > 1) {
    throw new Refusal(
      "it names several servers: expected one, or the scheme valkey+sentinel:// or valkey+cluster:// for several",
    );
  }
  if (parts.length > SEEDS_MAX) throw new Refusal(`it names ${parts.length} servers: expected at most ${SEEDS_MAX}`);
  const port = topology === "sentinel" ? SENTINEL_PORT : SERVER_PORT;
  return Object.freeze(parts.map((part, index) => parseSeed(part, { number: index + 1, port, expected })));
}

function parseSeed(
  text: string,
  { number, port, expected }: { readonly number: number; readonly port: number; readonly expected: string },
): ServerAddress {
  const which = `server ${number}`;
  if (text === "") throw new Refusal(`${which} has no name: ${expected}`);
  const [, bracketed, plain, written] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::(.*))?$/s.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw new Refusal(`${which} is no HOST:PORT; an IPv6 address stands in brackets: ${expected}`);
  if (bracketed === undefined ? !/^[A-Za-z0-9._-]{1,253}$/.test(host) : !isIPv6(host) || host.includes("%")) {
    throw new Refusal(`${which} is no host name or address, IPv6 in brackets: ${expected}`);
  }
  if (written === undefined) return Object.freeze({ host, port });
  const given = /^[0-9]{1,5}$/.test(written) ? Number(written) : 0;
  if (given < 1 || given > 65_535) throw new Refusal(`${which} has no port from 1 to 65535: ${expected}`);
  return Object.freeze({ host, port: given });
}

function parsePath(
  path: readonly string[],
  topology: ValkeyLocation["topology"],
  expected: string,
): Pick<ValkeyLocation, "masterName" | "database"> {
  // One slash at the end says nothing.
  const parts = path.at(-1) === "" ? path.slice(0, -1) : path;
  if (topology === "cluster") {
    if (parts.length > 0) throw new Refusal(`a Cluster has database 0 alone, and none is named: ${expected}`);
    return { masterName: null, database: 0 };
  }
  if (topology === "standalone") {
    if (parts.length > 1) throw new Refusal(`it goes on behind the database: ${expected}`);
    return { masterName: null, database: parseDatabase(parts[0], expected) };
  }
  const [name = "", database, ...more] = parts;
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(name)) {
    throw new Refusal(
      `the name of the set that Sentinel watches is missing, or holds other than A-Z a-z 0-9 . - _: ${expected}`,
    );
  }
  if (more.length > 0) throw new Refusal(`it goes on behind the database: ${expected}`);
  return { masterName: name, database: parseDatabase(database, expected) };
}

function parseDatabase(text: string | undefined, expected: string): number {
  if (text === undefined) return 0;
  const database = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1;
  if (database < 0 || database > DATABASE_MAX) {
    throw new Refusal(`the database is no number from 0 to ${DATABASE_MAX}: ${expected}`);
  }
  return database;
}

function sqliteIn(directory: string): ParsedLocation {
  return accepted({ engine: "sqlite", directory });
}

function accepted(location: StoreLocation): ParsedLocation {
  return { is: "location", location: Object.freeze(location) };
}

function refused(): ParsedLocation {
  return { is: "refused", problem: `expected ${STORE_ALLOWED}` };
}
