// Webdis before a Valkey that syncs every write, both as Debian has them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Asked } from "../../src/load/dialect.ts";
import { targetOf } from "../../src/load/open-socket.ts";
import { KEY_MARK, makeOperation, type Operation, toKeyDigits } from "../../src/load/operation.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import type { ValkeyNode } from "../../test/support/valkey-node.ts";
import { startStandalone } from "../../test/support/valkey-standalone.ts";
import { type Contender, HOST_FIELD, Missing, type Stock } from "../contender.ts";
import { ON_SERVER_CORE } from "../process.ts";
import { makeDirectory, requireProgram, type Started, startProgram, versionOf } from "./started.ts";

/** As Debian's own configuration has it. */
const THREADS = 2;
const KEYS_A_COMMAND = 1000;

export async function startFilledWebdis(stock: Stock): Promise<Contender> {
  requireWebdis();
  if (Bun.which("valkey-server") === null) {
    throw new Missing("valkey-server is not on the PATH: install Debian's package valkey-server");
  }
  const store = await startStandalone({
    appendFsync: "always",
    placeOf: () => ({ host: "127.0.0.1", launcher: ON_SERVER_CORE }),
  });
  try {
    await fill(store.node, stock);
    const front = await startWebdis(store.node.address.port, ON_SERVER_CORE);
    return {
      name: "Webdis + Valkey",
      about: `${versionOf(["valkey-server", "--version"]).split(" ").slice(0, 3).join(" ")}, appendfsync always; Webdis with ${THREADS} threads`,
      target: targetOf(front.url),
      dialect: dialectOf(stock),
      frontPid: front.pid,
      storePids: [store.node.pid],
      stop: async () => {
        await front.stop();
        await store.stop();
      },
    };
  } catch (error) {
    await store.stop();
    throw error;
  }
}

/** Before the server on this port. @throws Missing */
export async function startWebdis(storePort: number, launcher: readonly string[] = []): Promise<Started> {
  const webdis = requireWebdis();
  const directory = makeDirectory("webdis");
  const port = await findFreePort();
  const config = join(directory, "webdis.json");
  const settings = { redis_host: "127.0.0.1", redis_port: storePort, http_host: "127.0.0.1", http_port: port };
  const quiet = { threads: THREADS, daemonize: false, verbosity: 0, logfile: join(directory, "log"), database: 0 };
  writeFileSync(config, JSON.stringify({ ...settings, ...quiet }));
  const url = new URL(`http://127.0.0.1:${port}`);
  return startProgram({ command: [...launcher, webdis, config], directory, url, path: "/PING" });
}

function requireWebdis(): string {
  return requireProgram("webdis", "webdis");
}

async function fill(node: ValkeyNode, { keys, values }: Stock): Promise<void> {
  for (let first = 0; first < keys; first += KEYS_A_COMMAND) {
    const pairs: string[] = [];
    for (let number = first; number < Math.min(keys, first + KEYS_A_COMMAND); number++) {
      pairs.push(`key${toKeyDigits(number)}`, values.text(number));
    }
    await node.ask("MSET", ...pairs);
  }
}

function dialectOf({ values }: Stock): Contender["dialect"] {
  // With .txt the value comes as it is; without, as JSON, which costs more.
  const get = {
    kind: "read",
    method: "GET",
    statuses: [200],
    fields: HOST_FIELD,
    target: `/GET/key${KEY_MARK}.txt`,
    body: null,
  } as const;
  const put = { ...get, kind: "write", method: "PUT", target: `/SET/key${KEY_MARK}`, body: values } as const;
  return new Map<Asked, Operation>([
    ["get", makeOperation(get)],
    ["missing", makeOperation({ ...get, target: `/GET/none${KEY_MARK}.txt`, statuses: [404] })],
    ["put", makeOperation(put)],
    ["create", makeOperation({ ...put, target: `/SET/new${KEY_MARK}` })],
    ["count", makeOperation({ ...get, kind: "write", target: "/INCR/count" })],
  ]);
}
