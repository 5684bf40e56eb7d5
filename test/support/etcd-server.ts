// One etcd server with an empty store of its own, for the length of a test.
import { join } from "node:path";
import { findFreePort } from "./free-port.ts";
import { pollUntil } from "./poll-until.ts";
import { withTemporaryDirectory } from "./temporary-directory.ts";

const PATIENCE_MS = 20_000;

/** @param body - is given where its clients and its JSON gateway find it */
export async function withEtcd(body: (url: string) => Promise<void>): Promise<void> {
  await withTemporaryDirectory(async (directory) => {
    const url = `http://127.0.0.1:${await findFreePort()}`;
    const peers = `http://127.0.0.1:${await findFreePort()}`;
    const child = Bun.spawn(["etcd", ...settings(join(directory, "etcd"), url, peers)], {
      stdin: "ignore",
      stdout: Bun.file(join(directory, "log")),
      stderr: Bun.file(join(directory, "log")),
    });
    try {
      await pollUntil(() => isHealthy(url), { ms: PATIENCE_MS, what: () => `etcd does not answer at ${url}` });
      await body(url);
    } finally {
      child.kill("SIGKILL");
      await child.exited;
    }
  });
}

function settings(directory: string, url: string, peers: string): readonly string[] {
  return [
    ...["--data-dir", directory, "--listen-client-urls", url, "--advertise-client-urls", url],
    ...["--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers, "--initial-cluster", `default=${peers}`],
  ];
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`);
    return (await answer.text()).includes('"health":"true"');
  } catch {
    return false;
  }
}
