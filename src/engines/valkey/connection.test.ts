// The connection on a real server that does nothing wrong: what is asked and answered is exact, however much of it there is.
import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { connectionOptions, lossOf, textOf, withConnection } from "../../../test/support/valkey-connection.ts";
import { sharedStandalone } from "../../../test/support/valkey-standalone.ts";
import type { Connection } from "./connection.ts";
import { type Reply, ReplyError } from "./reply.ts";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const TEN_MB = 10_000_000;

function withServer(
  body: (connection: Connection, key: (name: string) => string) => Promise<void>,
  changed: Parameters<typeof connectionOptions>[1] = {},
): () => Promise<void> {
  return async () => {
    const { node } = await sharedStandalone();
    const prefix = randomBytes(6).toString("hex");
    await withConnection(connectionOptions(node.address, changed), (connection) =>
      body(connection, (name) => `${prefix}:${name}`),
    );
  };
}

describe("a value comes back as it was sent", () => {
  const values = { "all 256 bytes": ALL_BYTES, "no bytes": new Uint8Array(0), "10 MB": randomBytes(TEN_MB) };
  for (const [what, value] of Object.entries(values)) {
    test(
      `with ${what}`,
      withServer(async (connection, key) => {
        expect(await connection.send(["SET", key("value"), value])).toBe("OK");
        expect(same(await connection.send(["GET", key("value")]), value)).toBe(true);
        expect(await connection.send(["STRLEN", key("value")])).toBe(value.length);
      }),
    );
  }

  test(
    "under a key of all 256 bytes, through a script and an array",
    withServer(async (connection, key) => {
      const name = Buffer.concat([Buffer.from(key("")), ALL_BYTES]);
      const script = "redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), KEYS[1], {false, 7}}";
      const reply = await connection.send(["EVAL", script, "1", name, ALL_BYTES]);
      expect(reply).toEqual([ALL_BYTES, Uint8Array.from(name), [null, 7]]);
    }),
  );

  test(
    "with characters of one to four bytes, short and long",
    withServer(async (connection, key) => {
      for (const text of ["aé€😀", "aé€😀".repeat(50), "aé€😀".repeat(20_000)]) {
        await connection.send(["SET", key("text"), text]);
        expect(textOf(await connection.send(["GET", key("text")]))).toBe(text);
      }
    }),
  );
});

describe("commands that are on their way together", () => {
  test(
    "are answered each with its own, in order, small and large",
    withServer(async (connection, key) => {
      const values = Array.from({ length: 300 }, (_, index) => randomBytes(index % 50 === 0 ? 400_000 : index));
      const sets = values.map((value, index) => connection.send(["SET", key(String(index)), value]));
      const gets = values.map((_, index) => connection.send(["GET", key(String(index))]));
      expect(connection.inFlight).toBe(600);
      expect(new Set(await Promise.all(sets))).toEqual(new Set(["OK"]));
      const replies = await Promise.all(gets);
      expect(replies.every((reply, index) => same(reply, values[index]))).toBe(true);
      expect(connection.inFlight).toBe(0);
    }),
  );

  test(
    "are not concerned by the errors of others",
    withServer(async (connection, key) => {
      const replies = await Promise.all([
        connection.send(["SET", key("a"), "1"]),
        connection.send(["LPUSH", key("a"), "x"]),
        connection.send(["NO-SUCH-COMMAND"]),
        connection.send(["INCR", key("a")]),
      ]);
      expect(replies).toMatchObject(["OK", { code: "WRONGTYPE" }, { code: "ERR" }, 2]);
      expect(replies[1]).toBeInstanceOf(ReplyError);
    }),
  );

  test(
    "keep replies that are held apart from those that come after",
    withServer(async (connection, key) => {
      const values = Array.from({ length: 100 }, () => randomBytes(100));
      await Promise.all(values.map((value, index) => connection.send(["SET", key(String(index)), value])));
      const get = (index: number) => connection.send(["GET", key(String(index % values.length))]);
      const held = await Promise.all(Array.from({ length: 20_000 }, (_, index) => get(index)));
      for (let round = 0; round < 10; round++) {
        const more = await Promise.all(Array.from({ length: 10_000 }, (_, index) => get(index + round)));
        expect(more.every((reply, index) => same(reply, values[(index + round) % values.length]))).toBe(true);
      }
      expect(held.every((reply, index) => same(reply, values[index % values.length]))).toBe(true);
    }),
  );

  test(
    "leave in one write when they are sent in one turn",
    withServer(async (connection) => {
      const asked = await Promise.all(Array.from({ length: 100 }, () => connection.send(["PING"])));
      expect(asked).toHaveLength(100);
      // Each command that the server finds in one read is one more in its pipeline.
      const before = await statistic(connection, "total_reads_processed");
      await Promise.all(Array.from({ length: 1000 }, () => connection.send(["PING"])));
      expect((await statistic(connection, "total_reads_processed")) - before).toBeLessThan(10);
    }),
  );

  test(
    "stand together when they are sent together",
    withServer(async (connection, key) => {
      const before = connection.send(["INCR", key("n")]);
      const together = connection.sendTogether([["MULTI"], ["INCR", key("n")], ["EXEC"]]);
      const after = connection.send(["INCR", key("n")]);
      expect(await Promise.all([before, ...together, after])).toEqual([1, "OK", "QUEUED", [2], 3]);
    }),
  );
});

describe("bounds", () => {
  test(
    "on commands refuse the one that is too many, and nothing else",
    withServer(
      async (connection) => {
        const sent = Array.from({ length: 3 }, () => connection.send(["PING"]));
        expect(await lossOf(connection.send(["PING"]))).toMatchObject({ isFull: true, isSent: false });
        expect(await Promise.all(sent)).toEqual(["PONG", "PONG", "PONG"]);
        expect(await connection.send(["PING"])).toBe("PONG");
      },
      { inFlightMax: 3 },
    ),
  );

  test(
    "on commands refuse all that are to stand together, or none",
    withServer(
      async (connection, key) => {
        const increment = ["INCR", key("n")];
        const refused = connection.sendTogether([increment, increment, increment, increment]);
        for (const each of refused) expect(await lossOf(each)).toMatchObject({ isFull: true, isSent: false });
        expect(await Promise.all(connection.sendTogether([increment, increment, increment]))).toEqual([1, 2, 3]);
      },
      { inFlightMax: 3 },
    ),
  );

  test(
    "on bytes refuse what goes beyond them while the rest waits, and not later",
    withServer(
      async (connection, key) => {
        const set = (bytes: number) => connection.send(["SET", key("value"), new Uint8Array(bytes)]);
        const sent = [set(400), set(400)];
        expect(await lossOf(set(400))).toMatchObject({ isFull: true, isSent: false });
        expect(await Promise.all(sent)).toEqual(["OK", "OK"]);
        expect(await set(900)).toBe("OK");
        expect(await lossOf(set(1001))).toMatchObject({ isFull: true });
      },
      { queuedBytesMax: 1000 },
    ),
  );
});

test(
  "the database is the one that was asked for",
  withServer(
    async (connection, key) => {
      await connection.send(["SET", key("a"), "1"]);
      const { node } = await sharedStandalone();
      expect(await node.ask("GET", key("a"))).toBeNull();
      expect(textOf(await connection.send(["CLIENT", "INFO"]))).toMatch(/ name=keyhold .* db=3 /);
    },
    { access: { database: 3 } },
  ),
);

async function statistic(connection: Connection, name: string): Promise<number> {
  const info = textOf(await connection.send(["INFO", "stats"])) ?? "";
  return Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1]);
}

function same(reply: Reply, bytes: Uint8Array | undefined): boolean {
  return reply instanceof Uint8Array && bytes !== undefined && Buffer.compare(reply, bytes) === 0;
}
