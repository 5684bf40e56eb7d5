// What a page of a listing asks of a server: little at once, and not much more than it shows. The server is played.
import { describe, expect, test } from "bun:test";
import { keyOf, rangeOf } from "../../../test/support/requests.ts";
import { toEpochMs } from "../../core/expiry.ts";
import type { Key } from "../../core/key.ts";
import { LIMITS } from "../../core/limits.ts";
import { HEAD_BYTES } from "./entry-codec.ts";
import { Layout } from "./layout.ts";
import { listEntries, scanEntries } from "./listing.ts";
import type { Argument, Reply } from "./reply.ts";

const UNSEEN = 4;
const TEXT = 1;
/** Far fewer than may wait for a server. */
const AT_ONCE_MAX = 500;

/** Holds `count` entries of one size and form in one partition, and keeps account of what it is asked. */
class PlayedServer {
  readonly names: readonly string[];
  readonly #value: Buffer;
  asked = 0;
  bytesSent = 0;
  atOnce = 0;
  mostAtOnce = 0;

  constructor(count: number, size: number, form: number) {
    this.names = Array.from({ length: count }, (_, index) => `k${10_000 + index}`);
    const head = Buffer.alloc(HEAD_BYTES);
    head[0] = 1;
    head[1] = form;
    head.writeUInt32BE(size, 36);
    this.#value = Buffer.concat([head, Buffer.alloc(size, "1")]);
  }

  async read(_slot: number, args: readonly Argument[]): Promise<Reply> {
    this.asked++;
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.atOnce);
    await new Promise(setImmediate);
    this.atOnce--;
    const reply = this.#answer(args.map(String));
    if (reply instanceof Uint8Array) this.bytesSent += reply.length;
    return reply;
  }

  #answer([command, , low = "", high = "", , , count]: readonly string[]): Reply {
    switch (command) {
      case "GET":
        return this.#value;
      case "GETRANGE":
        return this.#value.subarray(Number(low), Number(high) + 1);
      case "ZRANGEBYLEX":
        return this.names.filter((name) => low === "-" || name >= low.slice(1)).slice(0, Number(count));
      default:
        throw new Error(`Unexpected ${command}`);
    }
  }
}

function partsOf(servers: PlayedServer) {
  return { servers, layout: new Layout("p", 1), now: () => toEpochMs(1) };
}

async function allKeys(servers: PlayedServer, read: typeof listEntries): Promise<readonly Key[]> {
  const keys: Key[] = [];
  let after: Key | null = null;
  do {
    const page: Awaited<ReturnType<typeof listEntries>> = await read(
      partsOf(servers),
      rangeOf({ after, limit: 10_000 }),
    );
    keys.push(...page.items.map(({ key }) => key));
    after = page.next;
  } while (after !== null);
  return keys;
}

describe("a page", () => {
  test.each([
    ["names", listEntries],
    ["values", scanEntries],
  ] as const)("of %s asks for a part of it at a time", async (_what, read) => {
    const servers = new PlayedServer(LIMITS.pageScannedKeys, 10, TEXT);
    const { items, next } = await read(partsOf(servers), rangeOf({ limit: LIMITS.pageScannedKeys }));
    expect([items.length, next]).toEqual([servers.names.length, null]);
    expect(servers.mostAtOnce).toBeLessThanOrEqual(AT_ONCE_MAX);
  });

  test("of values asks for little that it does not show", async () => {
    const servers = new PlayedServer(LIMITS.pageScannedKeys, LIMITS.stepBytes, TEXT);
    const { items, next } = await scanEntries(partsOf(servers), rangeOf({ limit: LIMITS.pageScannedKeys }));
    expect<readonly [number, string | null]>([items.length, next]).toEqual([1, servers.names[0] ?? ""]);
    expect(servers.bytesSent).toBeLessThan(3 * LIMITS.stepBytes);
  });

  test("of names ends where the values that it must look at come to a step", async () => {
    const servers = new PlayedServer(20, LIMITS.stepBytes / 2, UNSEEN);
    const { items, next } = await listEntries(partsOf(servers), rangeOf());
    expect<readonly [number, string | null]>([items.length, next]).toEqual([2, servers.names[1] ?? ""]);
    expect(items.every((item) => !("value" in item) && item.form === "text")).toBe(true);
  });

  test("that ends early is gone on from: each entry comes once", async () => {
    for (const [count, size, form] of [
      [20, LIMITS.stepBytes / 2, UNSEEN],
      [600, 1024, TEXT],
      [20, LIMITS.stepBytes, TEXT],
      [251, 10, TEXT],
    ] as const) {
      for (const read of [listEntries, scanEntries]) {
        const servers = new PlayedServer(count, size, form);
        expect(await allKeys(servers, read)).toEqual(servers.names.map(keyOf));
      }
    }
  });
});
