// The pages of docs/migrate are run as they stand, against a real server and, where it is on the machine, a real one of what one
// comes from; they must print what stands on them. UPDATE=1 writes them anew.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withEtcd } from "../support/etcd-server.ts";
import { findCommand } from "../support/other-program.ts";
import { runCommand } from "../support/run-command.ts";
import { sharedStandalone } from "../support/valkey-standalone.ts";
import { withServerProcess } from "../support/with-server-process.ts";
import { expectAsShown, type WithStage } from "./played-page.ts";

const ROOT = join(import.meta.dir, "../..");
const PAGES = join(ROOT, "docs/migrate");
const PAGE_MS = 60_000;
/** The command as it is installed, and the project's examples where a checkout has them. */
const SET_UP = [
  `keyhold() { '${process.execPath}' '${join(ROOT, "src/main.ts")}' "$@"; }`,
  "export -f keyhold",
  "export KEYHOLD_URL=http://127.0.0.1:3000",
  `ln -s '${join(ROOT, "examples")}' examples`,
  "",
].join("\n");

const STAGES: Readonly<Record<string, WithStage>> = {
  "from-redis.md": onRedis,
  "from-etcd.md": onEtcd,
};

const node = findCommand(["node"], "Node 20 or later");
const etcd = findCommand(["etcd"], "etcd 3.4 or later, Debian's etcd-server and etcd-client");
/** Pages that cannot be played here. */
const MISSING = new Set([
  ...(node === null ? ["from-redis.md", "from-etcd.md", "from-consul.md"] : []),
  ...(etcd === null ? ["from-etcd.md"] : []),
]);
const names = readdirSync(PAGES).filter((name) => name.endsWith(".md"));

describe("moving to Keyhold", () => {
  test.each(names.filter((name) => !MISSING.has(name)))(
    "%s prints what it shows",
    async (name) => {
      await expectAsShown(join(PAGES, name), STAGES[name] ?? onKeyhold);
    },
    PAGE_MS,
  );

  test.each(names.filter((name) => name !== "README.md"))("%s stands in the index", (name) => {
    expect(readFileSync(join(PAGES, "README.md"), "utf8")).toContain(`](${name})`);
  });

  test.skipIf(node === null)("where the source is away, a program says so and fails", async () => {
    for (const program of ["redis.mjs redis://127.0.0.1:1", "etcd.mjs http://127.0.0.1:1"]) {
      const [name = "", url = ""] = program.split(" ");
      const { exitCode, error } = await runCommand([node ?? "", join(ROOT, "examples/migrate", name), url]);
      expect({ exitCode, error }).toEqual({ exitCode: 1, error: expect.stringContaining("is not whole") });
    }
  });
});

function onKeyhold(body: Parameters<WithStage>[0]): Promise<void> {
  return withServerProcess((server) => body({ server, setUp: SET_UP }));
}

/** Of the shared server an own database, which other tests do not use. */
async function onRedis(body: Parameters<WithStage>[0]): Promise<void> {
  const { node: valkey } = await sharedStandalone();
  const { host, port } = valkey.address;
  const command = findCommand(["valkey-cli", "redis-cli"], "Debian's valkey-tools or redis-tools");
  const setUp = `${SET_UP}redis-cli() { '${command}' -h ${host} -p ${port} -n 7 "$@"; }\nredis-cli FLUSHDB\n`;
  const addresses = new Map([["redis://127.0.0.1:6379", `redis://${host}:${port}/7`]]);
  await withServerProcess((server) => body({ server, setUp, addresses }));
}

async function onEtcd(body: Parameters<WithStage>[0]): Promise<void> {
  await withEtcd(async (url) => {
    const setUp = `${SET_UP}export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${url}\n`;
    await withServerProcess((server) => body({ server, setUp, addresses: new Map([["http://127.0.0.1:2379", url]]) }));
  });
}
