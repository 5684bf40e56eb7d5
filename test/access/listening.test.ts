// Where a real server listens: addresses that others can reach, TLS whose certificate is exchanged, a Unix socket.
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect as connectTcp, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { makeCertificate } from "../support/certificate.ts";
import { Http } from "../support/http-client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { type FailedStart, startServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const PATIENCE_MS = 30_000;

async function withServer(args: readonly string[], body: (server: ServerProcess) => Promise<void>): Promise<void> {
  const server = await startServerProcess(["--store", "memory:", ...args]);
  try {
    await body(server);
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
}

const refusalOf = (args: readonly string[]) =>
  startServerProcess(["--store", "memory:", ...args]).then(
    (server) => {
      server.kill("SIGKILL");
      throw new Error("The server has started");
    },
    (error: FailedStart) => ({ exitCode: error.exitCode, output: error.output }),
  );

const publicAddress = Object.values(networkInterfaces())
  .flat()
  .find((found) => found !== undefined && !found.internal && found.family === "IPv4")?.address;

test.each(["0.0.0.0", "::", ...(publicAddress === undefined ? [] : [publicAddress])])(
  "%s without a token ends the start with 78 and a sentence that says what to do",
  async (host) => {
    const { exitCode, output } = await refusalOf(["--host", host]);
    expect(exitCode).toBe(78);
    expect(output).toBe(
      `keyhold: Will not listen on ${host}, which others can reach, without a token: make one by "keyhold token create", or give --admin-token-file; --insecure-public lets everybody read, write and delete\n`,
    );
  },
);

test("--insecure-public listens all the same, and says so at each start", async () => {
  await withServer(["--host", "0.0.0.0", "--insecure-public"], async (server) => {
    const http = new Http(makeSocketClient(server.url.replace("0.0.0.0", "127.0.0.1")));
    expect((await http.get("/-/healthy")).status).toBe(200);
    expect(server.output()).toContain('"event":"insecure-public"');
  });
});

test.each(["127.0.0.1", "127.8.8.8", "localhost"])("%s needs no token", async (host) => {
  await withServer(["--host", host], async (server) => {
    const { port } = new URL(server.url);
    const address = host === "localhost" ? "localhost" : host;
    expect((await new Http(makeSocketClient(`http://${address}:${port}`)).get("/-/healthy")).status).toBe(200);
  });
});

test(
  "TLS serves a new certificate after SIGHUP, and keeps the old one where the new one is broken",
  async () => {
    await withTemporaryDirectory(async (directory) => {
      const [first, second] = [makeCertificate(directory, "first"), makeCertificate(directory, "second")];
      const [cert, key] = [join(directory, "cert.pem"), join(directory, "key.pem")];
      const use = (from: { readonly cert: string; readonly key: string }) => {
        copyFileSync(from.cert, cert);
        copyFileSync(from.key, key);
      };
      use(first);
      await withServer(["--tls-cert", cert, "--tls-key", key], async (server) => {
        expect(server.url).toStartWith("https://");
        expect(await subjectOf(server)).toBe("first");
        const asked = { tls: { rejectUnauthorized: false } };
        const put = await fetch(`${server.url}/keys/a/b`, { method: "PUT", body: "over TLS", ...asked });
        expect([put.status, await put.text()]).toEqual([201, '{"a/b": "over TLS"}']);
        expect(await (await fetch(`${server.url}/keys`, asked)).text()).toBe('[{"a/b": "over TLS"}]');
        expect((await fetch(`${server.url}/-/ready`, asked)).status).toBe(200);
        use(second);
        server.kill("SIGHUP");
        await until(async () => (await subjectOf(server)) === "second");
        copyFileSync(first.key, key);
        server.kill("SIGHUP");
        await until(async () => server.output().includes('"event":"reload-failed"'));
        await until(async () => (await subjectOf(server)) === "second");
        use(first);
        server.kill("SIGHUP");
        await until(async () => (await subjectOf(server)) === "first");
        server.kill("SIGTERM");
        expect(await server.exited).toBe(0);
      });
    });
  },
  PATIENCE_MS,
);

test(
  "a TLS client that never shakes hands counts as a connection, and is closed as one on which nothing moves",
  async () => {
    await withTemporaryDirectory(async (directory) => {
      const { cert, key } = makeCertificate(directory, "localhost");
      const bounds = ["--idle-timeout", "1s", "--heartbeat", "500ms", "--connections", "10"];
      await withServer(["--tls-cert", cert, "--tls-key", key, ...bounds], async (server) => {
        const asked = { headers: { Connection: "close" }, tls: { rejectUnauthorized: false } };
        // Again where they have been closed before they were in anybody's way.
        await until(async () => {
          const silent = await Promise.all(Array.from({ length: 10 }, () => openTcp(server)));
          silent[0]?.write(Buffer.from("16030100c8010000c40303", "hex"));
          const { status } = await fetch(`${server.url}/-/healthy`, asked);
          await Promise.all(silent.map(closed));
          return status === 503;
        });
        await until(async () => (await fetch(`${server.url}/-/healthy`, asked)).status === 200);
      });
    });
  },
  PATIENCE_MS,
);

test("certificate and key that cannot be used end the start with what is wrong", async () => {
  await withTemporaryDirectory(async (directory) => {
    const [first, second] = [makeCertificate(directory, "first"), makeCertificate(directory, "second")];
    const junk = join(directory, "junk.pem");
    writeFileSync(junk, "junk");
    expect(await refusalOf(["--tls-cert", first.cert, "--tls-key", second.key])).toMatchObject({
      exitCode: 78,
      output: expect.stringContaining("Cannot serve TLS"),
    });
    expect(await refusalOf(["--tls-cert", junk, "--tls-key", first.key])).toMatchObject({
      exitCode: 78,
      output: expect.stringContaining("Cannot serve TLS"),
    });
    expect(await refusalOf(["--tls-cert", join(directory, "none"), "--tls-key", first.key])).toMatchObject({
      exitCode: 78,
      output: expect.stringContaining("Cannot read the file of --tls-cert"),
    });
    expect(await refusalOf(["--tls-cert", first.cert])).toMatchObject({ exitCode: 78 });
  });
});

test("a Unix socket serves beside the port, whatever the name asked for; what a kill has left of it is taken over", async () => {
  await withTemporaryDirectory(async (directory) => {
    const path = join(directory, "keyhold.sock");
    await withServer(["--unix-socket", path], async (server) => {
      expect(await statusThrough(path, "any.name")).toBe(200);
      // The directory says who may, not the socket.
      expect(statSync(path).mode & 0o777).toBe(0o666);
      expect((await new Http(makeSocketClient(server.url)).get("/-/healthy")).status).toBe(200);
      expect((await refusalOf(["--unix-socket", path])).output).toContain("another server listens there");
      server.kill("SIGKILL");
      await server.exited;
    });
    expect(existsSync(path)).toBe(true);
    await withServer(["--unix-socket", path], async (server) => {
      expect(await statusThrough(path, "localhost")).toBe(200);
      server.kill("SIGTERM");
      expect(await server.exited).toBe(0);
    });
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "a file of somebody");
    expect((await refusalOf(["--unix-socket", path])).output).toContain("it is a file, and no socket");
    expect(existsSync(path)).toBe(true);
  });
});

/** The name that the server's certificate is of; none where the connection was made in the instant of an exchange. */
function subjectOf({ url }: ServerProcess): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNRESET") resolve(null);
      else reject(error);
    });
  });
}

/** A connection on which nobody shakes hands. */
function openTcp({ url }: ServerProcess): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ port: Number(new URL(url).port), host: "127.0.0.1" }, () => resolve(socket));
    // A reset is an end as well, which "close" tells.
    socket.on("error", reject).resume();
  });
}

async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  await new Promise<void>((resolve) => void socket.once("close", () => resolve()));
}

function statusThrough(socketPath: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: "/-/healthy", headers: { Host: host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on("error", reject).end();
  });
}

/** Looks again until it is so. The test's own time bounds it. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise(setImmediate);
}
