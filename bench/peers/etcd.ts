// etcd's own gateway, which takes JSON with keys and values in Base64. One member, which syncs its log before it answers.
import type { Asked } from "../../src/load/dialect.ts";
import { targetOf } from "../../src/load/open-socket.ts";
import { makeOperation, type Operation, type OperationKind, toKeyDigits } from "../../src/load/operation.ts";
import { runLoad } from "../../src/load/run-load.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { type Contender, HOST_FIELD, type Stock } from "../contender.ts";
import { ON_SERVER_CORE } from "../process.ts";
import { makeDirectory, requireProgram, startProgram, versionOf } from "./started.ts";

const QUOTA_BYTES = 8 * 1024 ** 3;
/** etcd takes 128 operations in a transaction, and 1.5 MiB. */
const KEYS_A_TXN = 128;
const TXN_BYTES = 512 * 1024;
const FILL_CONNECTIONS = 8;
const FILL_SECONDS = 3600;

export async function startFilledEtcd(stock: Stock): Promise<Contender> {
  const etcd = requireProgram("etcd", "etcd-server");
  const directory = makeDirectory("etcd");
  const [client, peer] = [await findFreePort(), await findFreePort()];
  const url = new URL(`http://127.0.0.1:${client}`);
  const peerUrl = `http://127.0.0.1:${peer}`;
  const command = [
    ...[...ON_SERVER_CORE, etcd, "--data-dir", `${directory}/data`, "--logger", "zap", "--log-level", "error"],
    ...["--listen-client-urls", url.origin, "--advertise-client-urls", url.origin, "--listen-peer-urls", peerUrl],
    ...["--initial-advertise-peer-urls", peerUrl, "--initial-cluster", `default=${peerUrl}`],
    ...["--quota-backend-bytes", String(QUOTA_BYTES)],
  ];
  const program = await startProgram({ command, directory, url, path: "/health" });
  const contender: Contender = {
    name: "etcd",
    about: `${versionOf([etcd, "--version"])}, JSON gateway, one member`,
    target: targetOf(url),
    dialect: dialectOf(stock),
    frontPid: program.pid,
    storePids: [],
    stop: program.stop,
  };
  try {
    await fill(contender, stock);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return contender;
}

async function fill({ target }: Contender, { keys, values }: Stock): Promise<void> {
  const each = Math.max(1, Math.min(KEYS_A_TXN, Math.floor(TXN_BYTES / values.valueBytes)));
  let first = 0;
  const next = () => {
    const success: unknown[] = [];
    for (let number = first; number < Math.min(keys, first + each); number++) {
      success.push({ request_put: { key: nameOf("key", number), value: values.value(number).toString("base64") } });
    }
    first += each;
    const body = JSON.stringify({ success });
    return makeOperation({
      kind: "write",
      method: "POST",
      statuses: [200],
      target: "/v3/kv/txn",
      fields: HOST_FIELD,
      body,
    });
  };
  const requests = Math.ceil(keys / each);
  const { signal } = new AbortController();
  await runLoad({ target, connections: FILL_CONNECTIONS, seconds: FILL_SECONDS, requests, next, signal });
}

function dialectOf({ values }: Stock): Contender["dialect"] {
  let written = 0;
  const put = (name: string) =>
    post("write", "/v3/kv/put", (number) => {
      const value = values.value(written++).toString("base64");
      return `{"key":"${nameOf(name, number)}","value":"${value}"}`;
    });
  const range = (name: string) => post("read", "/v3/kv/range", (number) => `{"key":"${nameOf(name, number)}"}`);
  return new Map<Asked, Operation>([
    ["get", range("key")],
    ["missing", range("none")],
    ["put", put("key")],
    ["create", put("new")],
  ]);
}

function nameOf(name: string, number: number): string {
  return Buffer.from(`${name}${toKeyDigits(number)}`).toString("base64");
}

/** Base64 leaves no place in which digits alone could be written: each request is made anew. */
function post(kind: OperationKind, target: string, bodyOf: (number: number) => string): Operation {
  let bytes = new Uint8Array();
  return {
    kind,
    statuses: [200],
    isHead: false,
    get bytes() {
      return bytes;
    },
    prepare(number) {
      const body = bodyOf(number);
      bytes = Buffer.from(`POST ${target} HTTP/1.1\r\n${HOST_FIELD}Content-Length: ${body.length}\r\n\r\n${body}`);
    },
  };
}
