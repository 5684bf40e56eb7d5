// Commands as requests carry them: what is taken as an argument, and what is refused before anything is run.
import { expect, test } from "bun:test";
import { LIMITS } from "../../core/limits.ts";
import { COMMANDS, namedKeys, readCommand } from "./commands.ts";
import { commandOfPath, parseCommand, parseCommands } from "./read-commands.ts";

const shown = (words: readonly Uint8Array[]) => words.map((word) => new TextDecoder().decode(word));
const wordsOf = (...words: readonly string[]) => words.map((word) => new TextEncoder().encode(word));

test("strings, numbers and truths are taken as they are written", () => {
  const body = ' [ "SET", "k\\u00fc", 106242075399214372653, 1.0, -0, 1e3, true, false ] ';
  expect(shown(parseCommand(body))).toEqual([
    "SET",
    "kü",
    "106242075399214372653",
    "1.0",
    "-0",
    "1e3",
    "true",
    "false",
  ]);
});

test.each([
  '["GET", null]',
  '["SET", "a", ["b"]]',
  '["SET", "a", {"b": 1}]',
  '{"GET": "a"}',
  '"GET"',
  '["SET", "a", "\\ud800"]',
])("%s is refused", (body) => {
  expect(() => parseCommand(body)).toThrow(/^ERR /);
});

test("commands and arguments of one request have a bound", () => {
  const many = (count: number) => JSON.stringify(Array.from({ length: count }, () => ["PING"]));
  expect(parseCommands(many(LIMITS.redisCommands)).length).toBe(LIMITS.redisCommands);
  expect(() => parseCommands(many(LIMITS.redisCommands + 1))).toThrow(`limit ${LIMITS.redisCommands}`);
  const long = (count: number) => JSON.stringify(Array.from({ length: count }, () => "x"));
  expect(parseCommand(long(LIMITS.redisParts - 1)).length).toBe(LIMITS.redisParts - 1);
  expect(() => parseCommand(long(LIMITS.redisParts))).toThrow(`limit ${LIMITS.redisParts}`);
  expect(() => parseCommands("[]")).toThrow("ERR empty pipeline request");
});

test("a path is decoded part by part; the body stands before what the query says", () => {
  expect(shown(commandOfPath("set/a%2Fb/x%20y", null, []))).toEqual(["set", "a/b", "x y"]);
  const query = [
    ["EX", "10"],
    ["NX", ""],
  ] as const;
  expect(shown(commandOfPath("set/a", new TextEncoder().encode("v"), query))).toEqual([
    "set",
    "a",
    "v",
    "EX",
    "10",
    "NX",
  ]);
  expect(() => commandOfPath("get/%ff", null, [])).toThrow("invalid-key");
});

test("a command is known by its name in any case, and takes as many arguments as its row says", () => {
  expect(readCommand(wordsOf("gEt", "a")).row.name).toBe("get");
  expect(() => readCommand(wordsOf("get"))).toThrow("ERR wrong number of arguments for 'get' command");
  expect(() => readCommand(wordsOf("get", "a", "b"))).toThrow("ERR wrong number of arguments for 'get' command");
  expect(() => readCommand(wordsOf("hget", "a", "b"))).toThrow(
    "ERR unknown command 'hget'. Known here: APPEND, CLIENT",
  );
  expect(() => readCommand([])).toThrow("ERR empty command");
});

test("the keys of a command are those that its row counts", () => {
  const keysOf = (...words: readonly string[]) => shown(namedKeys(readCommand(wordsOf(...words))));
  expect(keysOf("mset", "a", "1", "b", "2")).toEqual(["a", "b"]);
  expect(keysOf("del", "a", "b", "c")).toEqual(["a", "b", "c"]);
  expect(keysOf("copy", "a", "b", "REPLACE")).toEqual(["a", "b"]);
  expect(keysOf("set", "a", "v", "EX", "1")).toEqual(["a"]);
  expect(keysOf("ping")).toEqual([]);
});

test("docs/redis-rest.md names every command", async () => {
  const page = await Bun.file(`${import.meta.dir}/../../../docs/redis-rest.md`).text();
  const missing = COMMANDS.map(({ name }) => name.toUpperCase()).filter(
    (name) => !new RegExp(`\\b${name}\\b`).test(page),
  );
  expect(missing).toEqual([]);
});
