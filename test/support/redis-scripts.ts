// Commands of Redis drawn at random: what is written often, and what lies at the edges of what Redis takes. Times are far off or
// past, as the two servers that are compared have clocks of their own.

import type { Words } from "./redis-sides.ts";
import type { SeededRandom } from "./seeded-random.ts";

const KEYS = ["a", "b", "ü€"];
const VALUES = ["", "1", "10", "-5", "abc", "ü€x", "hello world", " 5", "5 ", "+5", "007", "1.5", "-0", "0"];
const LARGE = ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "9007199254740993"];
const INTEGERS = ["0", "1", "-1", "2", "5", "-3", "100", "x", "1.5", "", "9223372036854775807"];
const OFFSETS = ["0", "1", "3", "-1", "-2", "-100", "100", "x", "12"];
const DECIMALS = ["0.5", "1.5", "-2.25", "3", "1e2", "5.0e3", "-12.5e-1", "abc", "", ".5", "7.", "+4"];
const SECONDS = ["1000", "5000", "0", "-1", "x", "100000"];
const INSTANTS = ["4102444800", "4102448400", "1", "0", "-5", "x"];
const FLAGS = ["NX", "XX", "GT", "GT", "LT", "LT", "nx", "gt", "FOO"];

/** A command with its arguments; now and then one too many or too few, and its name in any case. */
export function drawCommand(random: SeededRandom): Words {
  const words = drawWords(random);
  if (random.oneIn(40)) return words.slice(0, -1).length === 0 ? words : words.slice(0, -1);
  if (random.oneIn(60)) return [...words, "extra"];
  const [name = "", ...rest] = words;
  return random.oneIn(4) ? [name.toUpperCase(), ...rest] : words;
}

function drawWords(random: SeededRandom): Words {
  const key = () => random.pick(KEYS);
  const value = () => (random.oneIn(8) ? random.pick(LARGE) : random.pick(VALUES));
  const some = <T>(draw: () => T) => Array.from({ length: 1 + random.below(3) }, draw);
  const flags = () => Array.from({ length: random.pick([0, 0, 1, 1, 1, 2]) }, () => random.pick(FLAGS));
  return random.pick<() => Words>([
    () => ["set", key(), value(), ...drawSetOptions(random)],
    () => ["set", key(), value()],
    () => ["get", key()],
    () => ["mget", ...some(key)],
    () => ["setnx", key(), value()],
    () => [random.pick(["setex", "psetex"]), key(), random.pick(["1000000", "0", "-1", "x"]), value()],
    () => ["getset", key(), value()],
    () => ["getdel", key()],
    () => ["getex", key(), ...drawGetexOptions(random)],
    () => ["mset", ...some(() => [key(), value()]).flat()],
    () => ["msetnx", ...some(() => [key(), value()]).flat()],
    () => ["append", key(), value()],
    () => ["strlen", key()],
    () => [random.pick(["getrange", "substr"]), key(), random.pick(OFFSETS), random.pick(OFFSETS)],
    () => ["setrange", key(), random.pick(OFFSETS), value()],
    () => [random.pick(["incr", "decr"]), key()],
    () => [random.pick(["incrby", "decrby"]), key(), random.oneIn(6) ? random.pick(LARGE) : random.pick(INTEGERS)],
    // Of their own keys, by what binary numbers hold exactly: how others are rounded is told in docs/redis-rest.md.
    () => ["incrbyfloat", random.pick(["f", "g"]), random.pick(DECIMALS)],
    () => [random.pick(["expire", "pexpire"]), key(), `${random.pick(SECONDS)}`, ...flags()],
    () => ["expireat", key(), random.pick(INSTANTS), ...flags()],
    () => ["expireat", key(), "4102444800", ...flags()],
    () => ["pexpireat", key(), random.pick(["4102444800123", "4102448400456", "1", "x"]), ...flags()],
    () => ["persist", key()],
    () => [random.pick(["ttl", "pttl", "expiretime", "pexpiretime"]), key()],
    () => [random.pick(["del", "unlink", "exists", "touch"]), ...some(key)],
    () => ["type", key()],
    () => [random.pick(["rename", "renamenx"]), key(), key()],
    () => [
      "copy",
      key(),
      key(),
      ...random.pick([[], ["REPLACE"], ["replace", "DB", "0"], ["DB"], ["DB", "x"], ["FOO"]]),
    ],
    () => ["echo", value()],
    () => ["ping", ...(random.oneIn(2) ? [] : [value()])],
  ])();
}

function drawSetOptions(random: SeededRandom): Words {
  return Array.from({ length: random.below(4) }, () =>
    random.pick([
      ["NX"],
      ["xx"],
      ["GET"],
      ["KEEPTTL"],
      ["EX", random.pick(SECONDS)],
      ["PX", random.pick(["1000000", "0", "x"])],
      ["EXAT", random.pick(INSTANTS)],
      ["pxat", "4102444800123"],
      ["FOO"],
      ["EX"],
    ]),
  ).flat();
}

function drawGetexOptions(random: SeededRandom): Words {
  return random.pick([
    [],
    ["PERSIST"],
    ["EX", random.pick(SECONDS)],
    ["PX", "1000000"],
    ["exat", random.pick(INSTANTS)],
    ["PXAT", "4102444800123"],
    ["EX", "10", "PERSIST"],
    ["KEEPTTL"],
    ["NX"],
  ]);
}
