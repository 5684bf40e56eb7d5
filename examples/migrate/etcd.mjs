// Keys of etcd (3.4 or later) at one revision, as an export of Keyhold. A key with a lease ends when its lease would.
//
// usage: node etcd.mjs [http://HOST:2379] [PREFIX] [--json] [--max-value BYTES] > FILE
//        etcdctl get --prefix "" -w json | node etcd.mjs - > FILE
//
// By its JSON gateway, or from what etcdctl printed, which has no ends. ETCD_TOKEN may hold what /v3/auth/authenticate answered.
import { text } from "node:stream/consumers";
import { Export, readArguments, run } from "./export-lines.mjs";

const PAGE = 100;

await run(async () => {
  const { options, rest } = readArguments(process.argv.slice(2));
  const [place = "http://127.0.0.1:2379", prefix = ""] = rest;
  const lines = new Export(options);
  await lines.begin();
  if (place === "-") await fromEtcdctl(lines, await text(process.stdin));
  else await fromGateway(lines, place, prefix);
  await lines.end();
});

async function fromGateway(lines, url, prefix) {
  const ends = new Map(); // Of leases, in ms since 1970.
  let revision; // That of the first page, for all.
  let start = prefix === "" ? Buffer.from([0]) : Buffer.from(prefix);
  const rangeEnd = endOfPrefix(prefix).toString("base64");
  for (;;) {
    const page = await ask(url, "/v3/kv/range", {
      key: start.toString("base64"),
      range_end: rangeEnd,
      limit: PAGE,
      revision,
    });
    revision ??= page.header.revision;
    const entries = page.kvs ?? [];
    for (const { key, value = "", lease } of entries) {
      if (lease !== undefined && !ends.has(lease)) ends.set(lease, await endOfLease(url, lease));
      const end = lease === undefined ? null : ends.get(lease);
      if (end === undefined) lines.leaveOut(fromBase64(key), "its lease has ended");
      else await lines.add(fromBase64(key), fromBase64(value), end);
    }
    if (!page.more) break;
    start = Buffer.concat([fromBase64(entries.at(-1).key), Buffer.from([0])]); // The next key that there can be.
  }
  if (ends.size > 0)
    lines.note(
      `the end of a lease (${ends.size} of them) is that of each entry now: what renewed the lease renews the entries`,
    );
}

async function fromEtcdctl(lines, printed) {
  for (const { key, value = "", lease } of JSON.parse(printed).kvs ?? []) {
    if (lease === undefined) await lines.add(fromBase64(key), fromBase64(value));
    else lines.leaveOut(fromBase64(key), "it has a lease, and this file does not say how long: ask the server itself");
  }
}

/** Undefined for a lease that is over. */
async function endOfLease(url, id) {
  const { TTL } = await ask(url, "/v3/lease/timetolive", { ID: id });
  return Number(TTL) > 0 ? Date.now() + Number(TTL) * 1000 : undefined;
}

async function ask(url, path, body) {
  const token = process.env.ETCD_TOKEN;
  const answer = await fetch(new URL(path, url), {
    method: "POST",
    body: JSON.stringify(body),
    headers: token === undefined ? {} : { Authorization: token },
  });
  if (!answer.ok) throw new Error(`${url}${path} answered ${answer.status}: ${await answer.text()}`);
  return await answer.json();
}

/** The least key behind all that begin so; a zero byte means the end of all keys. */
function endOfPrefix(prefix) {
  const bytes = [...Buffer.from(prefix)];
  while (bytes.at(-1) === 0xff) bytes.pop();
  const last = bytes.pop();
  return Buffer.from(last === undefined ? [0] : [...bytes, last + 1]);
}

function fromBase64(encoded) {
  return Buffer.from(encoded, "base64");
}
