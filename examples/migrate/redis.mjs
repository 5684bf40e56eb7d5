// Strings of Redis or Valkey, with their ends, as an export of Keyhold. Other kinds are left out, each by name.
//
// usage: node redis.mjs [redis://[USER:PASSWORD@]HOST:PORT[/DATABASE]] [PATTERN] [--json] [--max-value BYTES] > FILE
import { Export, readArguments, run } from "./export-lines.mjs";
import { Redis, RedisError } from "./resp.mjs";

const PAGE = "500";
/** Values asked for at once, and held. */
const TOGETHER = 50;
const ENDLESS = -1;
const GONE = -2;

await run(async () => {
  const { options, rest } = readArguments(process.argv.slice(2));
  const [url = "redis://127.0.0.1:6379", pattern = "*"] = rest;
  const redis = await Redis.open(url);
  try {
    await exportAll(redis, pattern, new Export(options));
  } finally {
    redis.close();
  }
});

async function exportAll(redis, pattern, lines) {
  await lines.begin();
  let cursor = "0";
  const seen = new Set(); // A scan may show a key twice.
  do {
    const [next, keys] = await redis.ask(["SCAN", cursor, "MATCH", pattern, "COUNT", PAGE]);
    cursor = next.toString();
    const fresh = keys.filter((key) => !seen.has(key.toString("latin1")));
    for (const key of fresh) seen.add(key.toString("latin1"));
    await carry(redis, lines, fresh);
  } while (cursor !== "0");
  await lines.end();
}

async function carry(redis, lines, keys) {
  const types = keys.length === 0 ? [] : await redis.askAll(keys.map((key) => ["TYPE", key]));
  for (const [index, type] of types.entries()) {
    if (type !== "string" && type !== "none") lines.leaveOut(keys[index], `a ${type}, and Keyhold holds values alone`);
  }
  const strings = keys.filter((_, index) => types[index] === "string");
  for (let first = 0; first < strings.length; first += TOGETHER) {
    await carryStrings(redis, lines, strings.slice(first, first + TOGETHER));
  }
}

async function carryStrings(redis, lines, keys) {
  // Each in a transaction, so that value and end are of the same instant.
  const replies = await redis.askAll(keys.flatMap((key) => [["MULTI"], ["GET", key], ["PTTL", key], ["EXEC"]]));
  for (const [index, key] of keys.entries()) {
    const [value, ttlMs] = replies[4 * index + 3];
    if (value instanceof RedisError)
      lines.leaveOut(key, value.message); // It is of another kind by now.
    else if (value !== null && ttlMs !== GONE)
      await lines.add(key, value, ttlMs === ENDLESS ? null : Date.now() + ttlMs);
  }
}
