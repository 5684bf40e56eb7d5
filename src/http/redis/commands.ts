// The commands as data: how many arguments each takes, which of them are keys, what leave it needs, and what it does. Arity and
// keys are counted as Redis' own table of commands counts them: the name is the first, below zero is "at least", and keys go from
// one place to another by steps, the last counted from the end where it is below zero.
import type { Answer } from "./answer.ts";
import { type Argument, textOf, wordOf } from "./arguments.ts";
import { countBy, decrby, incrby, incrbyfloat } from "./counter-commands.ts";
import type { Draft } from "./draft.ts";
import * as onKeys from "./key-commands.ts";
import { Refusal, wrongCount } from "./refusal.ts";
import * as onServer from "./server-commands.ts";
import type { StoreAsked } from "./store-commands.ts";
import * as onStore from "./store-commands.ts";
import * as onStrings from "./string-commands.ts";

/** What a command needs leave for: "none" for what touches no entry. */
export type Need = "none" | "read" | "write" | "read, write";

export interface CommandRow {
  /** As Redis spells it, in lower case. */
  readonly name: string;
  readonly arity: number;
  readonly keys: { readonly first: number; readonly last: number; readonly step: number } | null;
  readonly needs: Need;
  /** An option with which it needs leave to read as well, as it answers what stood. */
  readonly alsoReadsWith?: string;
  readonly run:
    | { readonly on: "keys"; readonly with: (args: readonly Argument[], draft: Draft) => Promise<Answer> }
    /** By itself alone: no commit can hold it together with others. */
    | { readonly on: "store"; readonly with: (args: readonly Argument[], asked: StoreAsked) => Promise<Answer> };
}

/** A command as it was asked, within what its row allows. */
export interface Command {
  readonly row: CommandRow;
  readonly args: readonly Argument[];
}

type KeysRun = Extract<CommandRow["run"], { on: "keys" }>["with"];
type StoreRun = Extract<CommandRow["run"], { on: "store" }>["with"];
type Shape = Pick<CommandRow, "arity" | "needs"> & Partial<Pick<CommandRow, "keys" | "alsoReadsWith">>;

const ONE = { first: 1, last: 1, step: 1 };
const TWO = { first: 1, last: 2, step: 1 };
const ALL = { first: 1, last: -1, step: 1 };
const PAIRS = { first: 1, last: -1, step: 2 };

const READ_ONE: Shape = { arity: 2, needs: "read", keys: ONE };
const READ_ALL: Shape = { arity: -2, needs: "read", keys: ALL };
const WRITE_ONE: Shape = { arity: 2, needs: "write", keys: ONE };
const WRITE_ALL: Shape = { arity: -2, needs: "write", keys: ALL };
const WRITE_PAIRS: Shape = { arity: -3, needs: "write", keys: PAIRS };
const EXPIRE: Shape = { arity: -3, needs: "write", keys: ONE };
const SET_WITH_END: Shape = { arity: 4, needs: "write", keys: ONE };
/** What answers what stands, or what is worked out from it. */
const EDIT = (arity: number): Shape => ({ arity, needs: "read, write", keys: ONE });
const SERVER = (arity: number): Shape => ({ arity, needs: "none" });
const STORE = (arity: number, needs: Need): Shape => ({ arity, needs });

export const COMMANDS: readonly CommandRow[] = [
  onKeysRow("get", READ_ONE, onStrings.get),
  onKeysRow("mget", READ_ALL, onStrings.mget),
  onKeysRow("strlen", READ_ONE, onStrings.strlen),
  onKeysRow("getrange", { arity: 4, needs: "read", keys: ONE }, onStrings.getrange),
  onKeysRow("substr", { arity: 4, needs: "read", keys: ONE }, onStrings.getrange),
  onKeysRow("set", { arity: -3, needs: "write", keys: ONE, alsoReadsWith: "GET" }, onStrings.set),
  onKeysRow("setex", SET_WITH_END, onStrings.setWithEnd("EX", "setex")),
  onKeysRow("psetex", SET_WITH_END, onStrings.setWithEnd("PX", "psetex")),
  onKeysRow("setnx", { arity: 3, needs: "write", keys: ONE }, onStrings.setnx),
  onKeysRow("mset", WRITE_PAIRS, onStrings.mset),
  onKeysRow("msetnx", WRITE_PAIRS, onStrings.msetnx),
  onKeysRow("getset", EDIT(3), onStrings.getset),
  onKeysRow("getdel", EDIT(2), onStrings.getdel),
  onKeysRow("getex", EDIT(-2), onStrings.getex),
  onKeysRow("append", EDIT(3), onStrings.append),
  onKeysRow("setrange", EDIT(4), onStrings.setrange),
  onKeysRow("incr", EDIT(2), countBy(1n)),
  onKeysRow("decr", EDIT(2), countBy(-1n)),
  onKeysRow("incrby", EDIT(3), incrby),
  onKeysRow("decrby", EDIT(3), decrby),
  onKeysRow("incrbyfloat", EDIT(3), incrbyfloat),
  onKeysRow("expire", EXPIRE, onKeys.expireBy("EX", "expire")),
  onKeysRow("pexpire", EXPIRE, onKeys.expireBy("PX", "pexpire")),
  onKeysRow("expireat", EXPIRE, onKeys.expireBy("EXAT", "expireat")),
  onKeysRow("pexpireat", EXPIRE, onKeys.expireBy("PXAT", "pexpireat")),
  onKeysRow("persist", WRITE_ONE, onKeys.persist),
  onKeysRow("ttl", READ_ONE, onKeys.timeLeft("s")),
  onKeysRow("pttl", READ_ONE, onKeys.timeLeft("ms")),
  onKeysRow("expiretime", READ_ONE, onKeys.endInstant("s")),
  onKeysRow("pexpiretime", READ_ONE, onKeys.endInstant("ms")),
  onKeysRow("del", WRITE_ALL, onKeys.remove),
  onKeysRow("unlink", WRITE_ALL, onKeys.remove),
  onKeysRow("exists", READ_ALL, onKeys.countPresent),
  onKeysRow("touch", READ_ALL, onKeys.countPresent),
  onKeysRow("type", READ_ONE, onKeys.type),
  onKeysRow("rename", { arity: 3, needs: "write", keys: TWO }, onKeys.rename),
  onKeysRow("renamenx", { arity: 3, needs: "write", keys: TWO }, onKeys.renamenx),
  onKeysRow("copy", { arity: -3, needs: "write", keys: TWO }, onKeys.copy),
  onStoreRow("keys", STORE(2, "read"), onStore.keys),
  onStoreRow("scan", STORE(-2, "read"), onStore.scan),
  onStoreRow("randomkey", STORE(1, "read"), onStore.randomkey),
  onStoreRow("dbsize", STORE(1, "read"), onStore.dbsize),
  onStoreRow("flushdb", STORE(-1, "write"), onStore.flush),
  onStoreRow("flushall", STORE(-1, "write"), onStore.flush),
  onKeysRow("ping", SERVER(-1), onServer.ping),
  onKeysRow("echo", SERVER(2), onServer.echo),
  onKeysRow("time", SERVER(1), onServer.time),
  onKeysRow("select", SERVER(2), onServer.select),
  onKeysRow("client", SERVER(-2), onServer.client),
  onKeysRow("info", SERVER(-1), onServer.info),
];

const BY_NAME: ReadonlyMap<string, CommandRow> = new Map(COMMANDS.map((row) => [row.name, row]));
const NAMES = COMMANDS.map(({ name }) => name.toUpperCase())
  .toSorted()
  .join(", ");
/** Of a name that is quoted in an error. */
const NAME_LENGTH_MAX = 64;

/** @throws Refusal where there is no such command, or not with so many arguments */
export function readCommand([name, ...args]: readonly Argument[]): Command {
  if (name === undefined) throw new Refusal("ERR empty command");
  const row = BY_NAME.get(wordOf(name).toLowerCase());
  if (row === undefined) {
    throw new Refusal(`ERR unknown command '${textOf(name).slice(0, NAME_LENGTH_MAX)}'. Known here: ${NAMES}`);
  }
  const count = args.length + 1;
  if (row.arity < 0 ? count < -row.arity : count !== row.arity) throw wrongCount(row.name);
  return { row, args };
}

/** The arguments that are keys. */
export function namedKeys({ row: { keys }, args }: Command): readonly Argument[] {
  if (keys === null) return [];
  const last = keys.last < 0 ? args.length + 1 + keys.last : keys.last;
  return args.filter((_, index) => {
    const place = index + 1;
    return place >= keys.first && place <= last && (place - keys.first) % keys.step === 0;
  });
}

/** What the command needs leave for, with its options. */
export function needsOf({ row: { needs, alsoReadsWith }, args }: Command): readonly ("read" | "write")[] {
  const reads = alsoReadsWith !== undefined && args.slice(2).some((option) => wordOf(option) === alsoReadsWith);
  switch (needs) {
    case "none":
      return [];
    case "read":
      return ["read"];
    case "write":
      return reads ? ["write", "read"] : ["write"];
    case "read, write":
      return ["write", "read"];
    default:
      return needs satisfies never;
  }
}

function onKeysRow(name: string, { arity, needs, keys = null, alsoReadsWith }: Shape, run: KeysRun): CommandRow {
  const shared = { name, arity, needs, keys, run: { on: "keys", with: run } } as const;
  return alsoReadsWith === undefined ? shared : { ...shared, alsoReadsWith };
}

function onStoreRow(name: string, { arity, needs, keys = null }: Shape, run: StoreRun): CommandRow {
  return { name, arity, needs, keys, run: { on: "store", with: run } };
}
