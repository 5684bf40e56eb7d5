// The programs of examples/migrate on more than a page of keys of every kind: each comes over to the byte and with its end, or is
// named as left out. The random test prints its seed.
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseExportLine } from "../../src/wire/export-format.ts";
import { withEtcd } from "../support/etcd-server.ts";
import { findCommand } from "../support/other-program.ts";
import { runCommand } from "../support/run-command.ts";
import { type SeededRandom, seedsToTry, withSeed } from "../support/seeded-random.ts";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../support/temporary-directory.ts";
import { startStandalone } from "../support/valkey-standalone.ts";
import { ValkeyWire } from "../support/valkey-wire.ts";

const PROGRAMS = join(import.meta.dir, "../../examples/migrate");
const TEST_MS = 60_000;
const KEYS = 1200;
/** Between the server's answer and the program's look at its clock. */
const END_SLACK_MS = 5000;

interface Wanted {
  readonly value: string;
  readonly endsAtMs: number | null;
}

const LEFT_OUT = [
  `left out: "${"k".repeat(256)}": the key has 256 bytes, over 255`,
  'left out: "long": the value has 1048577 bytes, over 1048576 (--max-value)',
  'left out: "set": a set, and Keyhold holds values alone',
  'left out: "ÿþ": the key is no UTF-8',
];
const node = findCommand(["node"], "Node 20 or later");
const etcd = findCommand(["etcd"], "etcd 3.4 or later, Debian's etcd-server");

describe("redis.mjs", () => {
  test.skipIf(node === null)(
    "carries bytes and ends of every string, whatever the size of a reply",
    async () => {
      const [seed = 0] = seedsToTry(Date.now() % 2 ** 31, 1);
      await withSeed(seed, async (random) => {
        const server = await startStandalone();
        const wire = await ValkeyWire.open(server.node.address);
        try {
          const wanted = drawStrings(random);
          await Promise.all([...putAll(wire, wanted), ...putOthers(wire)]);
          const { exitCode, out, error } = await run("redis.mjs", `redis://127.0.0.1:${server.node.address.port}`);
          expectCarried(out, wanted);
          expect(error.match(/^left out: .*$/gm)?.toSorted()).toEqual(LEFT_OUT);
          expect(exitCode).toBe(3);
        } finally {
          wire.close();
          await server.stop();
        }
      });
    },
    TEST_MS,
  );
});

describe("redis.mjs by its URL", () => {
  test.skipIf(node === null)(
    "comes in with user and password over TLS, and is refused without",
    async () => {
      const password = "p@ss/word";
      const server = await startStandalone({ user: "reader", password, tls: true });
      const directory = makeTemporaryDirectory();
      try {
        const { host, port } = server.node.address;
        const ca = join(directory, "ca.pem");
        writeFileSync(ca, server.ca ?? "");
        const environment = { ...process.env, NODE_EXTRA_CA_CERTS: ca };
        const ask = (url: string) => runCommand([node ?? "", join(PROGRAMS, "redis.mjs"), url], { environment });
        await server.node.ask("SET", "here", "value");
        const { exitCode, out, error } = await ask(`rediss://reader:${encodeURIComponent(password)}@${host}:${port}/0`);
        expect(error).toBe("1 entries written, 0 of them with an end; 0 left out\n");
        expectCarried(out, new Map([["here", { value: "value", endsAtMs: null }]]));
        expect(exitCode).toBe(0);
        const refused = await ask(`rediss://${host}:${port}`);
        expect(refused).toMatchObject({ exitCode: 1, error: expect.stringContaining("NOAUTH") });
      } finally {
        removeTemporaryDirectory(directory);
        await server.stop();
      }
    },
    TEST_MS,
  );
});

describe("etcd.mjs", () => {
  test.skipIf(node === null || etcd === null)(
    "carries all pages of one revision, and no key beside the prefix",
    async () => {
      await withEtcd(async (url) => {
        const wanted = new Map<string, Wanted>();
        for (let index = 0; index < 250; index++) {
          wanted.set(`app/${index}`, { value: index === 7 ? "" : `\xff\x00${index}`, endsAtMs: null });
        }
        await fill(
          url,
          [...wanted.keys()].map((key) => [key, wanted.get(key)?.value ?? ""]),
        );
        await fill(url, [
          ["app0", "beside"],
          ["ap", "beside"],
        ]);
        const { exitCode, out } = await run("etcd.mjs", url, "app/");
        expectCarried(out, wanted);
        expect(exitCode).toBe(0);
      });
    },
    TEST_MS,
  );
});

function drawStrings(random: SeededRandom): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (let index = 0; index < KEYS; index++) {
    const length = index % 100 === 0 ? 200_000 : random.below(300);
    const value = Array.from({ length }, () => String.fromCharCode(random.below(256))).join("");
    wanted.set(`key/${index}`, { value, endsAtMs: index % 3 === 0 ? Date.now() + 600_000 + index * 1000 : null });
  }
  return wanted;
}

function putAll(wire: ValkeyWire, wanted: ReadonlyMap<string, Wanted>): readonly Promise<unknown>[] {
  return [...wanted].map(([key, { value, endsAtMs }]) =>
    wire.ask("SET", key, value, ...(endsAtMs === null ? [] : ["PXAT", String(endsAtMs)])),
  );
}

/** What Keyhold does not hold; LEFT_OUT names each. */
function putOthers(wire: ValkeyWire): readonly Promise<unknown>[] {
  return [
    wire.ask("SADD", "set", "a"),
    wire.ask("SET", "\xff\xfe", "no UTF-8"),
    wire.ask("SET", "long", "x".repeat(1_048_577)),
    wire.ask("SET", "k".repeat(256), "x"),
  ];
}

function run(program: string, ...args: readonly string[]) {
  return runCommand([node ?? "", join(PROGRAMS, program), ...args]);
}

/** That the export is whole, and holds these entries and no other. */
function expectCarried(out: string, wanted: ReadonlyMap<string, Wanted>): void {
  const lines = out.trimEnd().split("\n").map(parseExportLine);
  const digest = new Bun.CryptoHasher("sha256").update(out.slice(0, out.trimEnd().lastIndexOf("\n") + 1)).digest("hex");
  expect(lines.at(-1)).toEqual({ is: "end", entries: wanted.size, sha256: digest });
  const entries = lines.flatMap((line) => (line.is === "entry" ? [line.entry] : []));
  expect(entries.map(({ key }) => String(key)).toSorted()).toEqual([...wanted.keys()].toSorted());
  for (const { key, value, expiresAt } of entries) {
    const { value: text = "", endsAtMs = null } = wanted.get(key) ?? {};
    expect(Buffer.from(value).equals(Buffer.from(text, "latin1"))).toBe(true);
    if (endsAtMs === null) expect(expiresAt).toBeNull();
    else expect(Math.abs(Number(expiresAt) - endsAtMs)).toBeLessThan(END_SLACK_MS);
  }
}

/** By transactions of as many keys as etcd takes at once. */
async function fill(url: string, entries: readonly (readonly [string, string])[]): Promise<void> {
  for (let first = 0; first < entries.length; first += 100) {
    const success = entries.slice(first, first + 100).map(([key, value]) => ({
      requestPut: { key: btoa(key), value: btoa(value) },
    }));
    const answer = await fetch(`${url}/v3/kv/txn`, { method: "POST", body: JSON.stringify({ success }) });
    expect(answer.status).toBe(200);
  }
}
