// A server of a store that has used all the memory it may use: writes that add are 507, reads and deletes go on, and what
// deletes free is written to again. Nothing acknowledged is lost on the way, and nothing refused is there.
import { expect, test } from "bun:test";
import { standaloneStore, withKeyhold } from "../support/keyhold-fleet.ts";
import { startStandalone } from "../support/valkey-standalone.ts";

const ROOM_BYTES = 6 * 1024 * 1024;
const VALUE = "x".repeat(100_000);
const WRITES_MAX = (2 * ROOM_BYTES) / VALUE.length;
const TEST_MS = 60_000;

test(
  "a server without memory refuses what adds, and goes on with reads and deletes",
  async () => {
    const { node, stop } = await startStandalone({ appendFsync: "everysec" });
    try {
      await withKeyhold([...standaloneStore(node.address), "--promise", "applied"], async (_server, http) => {
        const leaveRoom = async (bytes: number) => {
          const used = Number(/used_memory:(\d+)/.exec(String(await node.ask("INFO", "memory")))?.[1]);
          await node.ask("CONFIG", "SET", "maxmemory", String(used + bytes));
        };
        await leaveRoom(ROOM_BYTES);
        const put = (key: string) => http.put(`/keys/${key}`, VALUE, { "Content-Type": "text/plain" });
        const acknowledged: string[] = [];
        let refused = "";
        for (let index = 0; index < WRITES_MAX && refused === ""; index++) {
          const key = `fill/${index}`;
          const { status, text } = await put(key);
          if (status === 201) acknowledged.push(key);
          else {
            expect({ status, code: JSON.parse(text).code }).toEqual({ status: 507, code: "no-room" });
            refused = key;
          }
        }
        expect(refused).not.toBe("");
        expect(acknowledged.length).toBeGreaterThan(10);
        // What was lent to the large values comes back; small ones would find room in it.
        await leaveRoom(-VALUE.length * 5);
        for (const write of [() => put(acknowledged[0] ?? ""), () => http.patch("/counter", "incr=1")]) {
          expect((await write()).status).toBe(507);
        }
        for (const key of acknowledged) {
          const { status, text } = await http.get(`/keys/${key}`, { Accept: "text/plain" });
          expect({ key, status, isWhole: text === VALUE }).toEqual({ key, status: 200, isWhole: true });
        }
        expect((await http.get(`/keys/${refused}`)).status).toBe(404);
        expect(await http.json("/keys?keys")).toEqual(acknowledged.toSorted());

        const [first, second, ...others] = acknowledged;
        expect((await http.delete(`/keys/${first}`)).status).toBe(200);
        const taken = await http.delete(`/keys/${second}`, { Prefer: "return=representation" });
        expect(taken.status).toBe(200);
        expect((await http.delete("/keys?prefix=fill/")).text).toBe(`{"deleted": ${others.length}}`);
        expect((await put("again")).status).toBe(201);
        expect((await http.patch("/counter", "incr=1")).text).toBe("1");
        expect(await http.json("/keys?keys")).toEqual(["again", "counter"]);
        expect((await http.get("/-/ready")).status).toBe(200);
      });
    } finally {
      await stop();
    }
  },
  TEST_MS,
);
