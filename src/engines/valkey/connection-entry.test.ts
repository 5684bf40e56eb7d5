// How a connection gets in, and when it does not: passwords, certificates, names, and servers that are none.
import { describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { makeCertificate } from "../../../test/support/certificate.ts";
import { withTemporaryDirectory } from "../../../test/support/temporary-directory.ts";
import { connectionOptions, lossOf, withConnection } from "../../../test/support/valkey-connection.ts";
import type { ServerSettings } from "../../../test/support/valkey-settings.ts";
import { startStandalone } from "../../../test/support/valkey-standalone.ts";
import type { ServerAddress } from "../../../test/support/valkey-wire.ts";
import { Connection, type ServerAccess } from "./connection.ts";

async function withServer(
  settings: ServerSettings,
  body: (address: ServerAddress, ca: string | null) => Promise<void>,
): Promise<void> {
  const server = await startStandalone(settings);
  try {
    await body(server.node.address, server.ca);
  } finally {
    await server.stop();
  }
}

const open = (address: ServerAddress, access: Partial<ServerAccess>) =>
  Connection.open(connectionOptions(address, { access }));

const mayEnter = (address: ServerAddress, access: Partial<ServerAccess>) =>
  withConnection(connectionOptions(address, { access }), async (connection) => {
    expect(await connection.send(["PING"])).toBe("PONG");
  });

test("a password, and a user with it, are said first; a wrong one is refused with what the server says", async () => {
  await withServer({ password: "secret", user: "keyhold" }, async (address) => {
    await mayEnter(address, { password: "secret" });
    await mayEnter(address, { user: "keyhold", password: "secret", database: 1 });
    for (const access of [{ password: "wrong" }, { user: "nobody", password: "secret" }]) {
      expect(await lossOf(open(address, access))).toMatchObject({ isSent: false, answer: { code: "WRONGPASS" } });
    }
    expect(await lossOf(open(address, {}))).toMatchObject({ isSent: false, answer: { code: "NOAUTH" } });
  });
});

test("a password that nobody asks for, and a database that there is not, are refused", async () => {
  await withServer({ lines: ["databases 2"] }, async (address) => {
    expect(await lossOf(open(address, { password: "secret" }))).toMatchObject({ answer: { code: "ERR" } });
    expect(await lossOf(open(address, { database: 2 }))).toMatchObject({ answer: { code: "ERR" } });
    await mayEnter(address, { database: 1 });
  });
});

test("a server that has clients enough says so", async () => {
  await withServer({}, async (address) => {
    await withConnection(connectionOptions(address), async (connection) => {
      await connection.send(["CONFIG", "SET", "maxclients", "1"]);
      const loss = await lossOf(open(address, {}));
      expect(loss.isSent).toBe(false);
      // The server may close before the answer is read.
      if (loss.answer !== null) expect(loss.answer.message).toContain("max number of clients");
    });
  });
});

describe("with TLS", () => {
  test("a certificate of a trusted authority, for the host or the name asked for, is accepted", async () => {
    await withServer({ tls: true, password: "secret" }, async (address, ca) => {
      for (const serverName of [null, "localhost", "127.0.0.1"]) {
        await mayEnter(address, { password: "secret", tls: { ca, serverName } });
      }
      const value = new Uint8Array(3_000_000).fill(7);
      const access = { password: "secret", tls: { ca, serverName: null } };
      await withConnection(connectionOptions(address, { access }), async (connection) => {
        await connection.send(["SET", "large", value]);
        expect(await connection.send(["GET", "large"])).toEqual(value);
      });
    });
  });

  test("a certificate of an unknown authority, or for another name, is not, and no password is sent", async () => {
    await withTemporaryDirectory(async (directory) => {
      const other = await Bun.file(makeCertificate(directory, "other").cert).text();
      await withServer({ tls: true, password: "secret", lines: ["acllog-max-len 10"] }, async (address, ca) => {
        const refused = [
          { ca: other, serverName: null },
          { ca: null, serverName: null },
          { ca, serverName: "other.example" },
          { ca, serverName: "127.0.0.2" },
        ];
        for (const tls of refused) {
          const loss = await lossOf(open(address, { password: "wrong", tls }));
          expect(loss.message).toContain("certificate");
          expect(loss).toMatchObject({ isSent: false, answer: null });
        }
        await withConnection(
          connectionOptions(address, { access: { password: "secret", tls: { ca, serverName: null } } }),
          async (connection) => expect(await connection.send(["ACL", "LOG"])).toEqual([]),
        );
      });
    });
  });

  test("is not mistaken for none, nor none for it", async () => {
    const briefly = (address: ServerAddress, access: Partial<ServerAccess>) =>
      lossOf(Connection.open(connectionOptions(address, { access, connectTimeoutMs: 300 })));
    await withServer({ tls: true }, async (address) => {
      expect(await briefly(address, {})).toMatchObject({ isSent: false });
    });
    await withServer({}, async (address) => {
      // To a server without TLS a client's first record is a command that has not ended.
      const loss = await briefly(address, { tls: { ca: null, serverName: null } });
      expect(loss).toMatchObject({ isSent: false });
    });
  });
});

describe("what listens there", () => {
  test("may be nobody", async () => {
    const address = await withListener(
      () => {},
      async (listening) => listening,
    );
    expect(await lossOf(open(address, {}))).toMatchObject({ isSent: false, isFull: false });
  });

  test("may say nothing until the time is over", async () => {
    await withListener(
      () => {},
      async (address) => {
        const loss = await lossOf(Connection.open(connectionOptions(address, { connectTimeoutMs: 100 })));
        expect(loss.message).toContain("within 100 ms");
      },
    );
  });

  test("may be no Valkey server", async () => {
    await withListener(
      (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
      async (address) => expect((await lossOf(open(address, {}))).message).toContain("RESP2"),
    );
  });

  test("may say more than it was asked", async () => {
    await withListener(
      (socket) => socket.once("data", () => socket.write("+OK\r\n-BYE now\r\n")),
      async (address) => {
        const connection = await open(address, {}).catch((error) => error);
        if (connection instanceof Connection) {
          await connection.closed;
          expect(await lossOf(connection.send(["PING"]))).toMatchObject({ isSent: false });
        } else expect(connection.message).toContain("BYE");
      },
    );
  });
});

/** A listener that is no Valkey server, for the length of `body`. */
async function withListener<T>(
  onConnection: (socket: Socket) => void,
  body: (address: ServerAddress) => Promise<T>,
): Promise<T> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The listener has no port");
  try {
    return await body({ host: "127.0.0.1", port: address.port });
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}
