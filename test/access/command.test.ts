// `keyhold token`, in a store that no server holds and at one that runs; and what a server process keeps of tokens.
import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { run } from "../../src/cli/run.ts";
import { makeFakeHost } from "../support/fake-host.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";

const OPERATOR = "o".repeat(40);

interface Around {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

async function token(args: readonly string[], { environment = {}, files = {} }: Around = {}) {
  const host = makeFakeHost(files);
  const code = await run(["token", ...args], host, environment);
  return { code, out: host.out(), error: host.error() };
}

async function withServer(
  directory: string,
  args: readonly string[],
  body: (server: ServerProcess) => Promise<void>,
): Promise<void> {
  const server = await startServerProcess(["--store", directory, ...args]);
  try {
    await body(server);
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
}

async function statusOf({ url }: ServerProcess, target: string, secret: string): Promise<number> {
  return (await fetch(`${url}${target}`, { headers: { Authorization: `Bearer ${secret}` } })).status;
}

describe("in a store that no server holds", () => {
  test("create writes the secret alone to standard output; list and revoke know the token", async () => {
    await withTemporaryDirectory(async (directory) => {
      const place = ["--store", directory];
      const asked = [
        "--name",
        "ci",
        "--scope",
        "write, read",
        "--prefix",
        "ci/",
        "--prefix",
        "cd/",
        "--expires-in",
        "90d",
      ];
      const created = await token(["create", ...asked, ...place]);
      expect(created.code).toBe(EXIT.ok);
      expect(created.out).toMatch(/^kh_[A-Za-z0-9_-]{43}\n$/);
      const id = /tk_[a-z0-9]{12}/.exec(created.error)?.[0] ?? "";
      expect(created.error).toContain(`${id} (ci) may read, write; keys that begin with "cd/" or "ci/"; until `);
      expect(created.error).not.toContain(created.out.trim());

      const listed = await token(["list", ...place]);
      expect(listed.out.split("\n")[1]).toMatch(new RegExp(`^${id}  active  read,write  "cd/" "ci/"  .*Z  .*Z  ci$`));
      const [shown] = JSON.parse((await token(["list", "--json", ...place])).out);
      expect(shown).toMatchObject({ id, name: "ci", prefixes: ["cd/", "ci/"], state: "active", revoked_at: null });
      const days = (Date.parse(shown.expires_at) - Date.parse(shown.created_at)) / 86_400_000;
      expect(days).toBeCloseTo(90, 3);

      expect(await token(["revoke", id, ...place])).toEqual({
        code: EXIT.ok,
        out: "",
        error: `keyhold: ${id} (ci) is revoked\n`,
      });
      expect((await token(["list", ...place])).out).toContain("  revoked  ");
      expect((await token(["revoke", "tk_nobody", ...place])).code).toBe(EXIT.notFound);
    });
  });

  test("create --json writes token and secret; all is every scope", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { out, error } = await token(["create", "--name", "a", "--scope", "all", "--json", "--store", directory]);
      expect(JSON.parse(out)).toMatchObject({
        scopes: ["read", "write", "watch", "admin", "metrics"],
        token: expect.stringMatching(/^kh_/),
      });
      expect(error).toBe("");
    });
  });

  test("list and revoke make no store where there is none", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const store of [`${directory}/mistyped`, directory]) {
        for (const args of [["list"], ["revoke", "tk_3f9k2m1x8q0a"]]) {
          const { code, error } = await token([...args, "--store", store]);
          expect([code, error]).toEqual([EXIT.failure, `keyhold: Cannot read a store in ${store}: there is none\n`]);
        }
      }
      expect(readdirSync(directory)).toEqual([]);
    });
  });

  test("--url and --store exclude each other", async () => {
    const { code, error } = await token(["list", "--store", "x", "--url", "http://127.0.0.1:1"]);
    expect([code, error]).toEqual([EXIT.usage, expect.stringContaining("cannot be used with")]);
  });

  test("what cannot be had is refused by a sentence and an exit code", async () => {
    await withTemporaryDirectory(async (directory) => {
      const wrong = async (...args: readonly string[]) =>
        token(["create", "--name", "n", "--store", directory, ...args]);
      for (const args of [
        ["--scope", "root"],
        ["--scope", "admin", "--prefix", "a"],
        ["--expires-in", "90"],
        ["--prefix", ""],
      ]) {
        const { code, out, error } = await wrong(...args);
        expect({ args, code, out, error }).toEqual({
          args,
          code: EXIT.usage,
          out: "",
          error: expect.stringMatching(/^keyhold: Cannot .*\n$/),
        });
      }
      expect(JSON.parse((await token(["list", "--json", "--store", directory])).out)).toEqual([]);
      expect((await token(["create", "--store", directory])).code).toBe(EXIT.usage);
      expect((await token(["revoke", "--store", directory])).code).toBe(EXIT.usage);
      expect((await token(["list", "--store", "foo:bar"])).code).toBe(EXIT.config);
      expect((await token(["list", "--store", "memory:"])).error).toContain("ask that: --url");
      expect((await token(["list", "--url", "localhost"])).error).toContain("expected scheme, host and port");
      const nowhere = await token(["list", "--url", "http://127.0.0.1:9"]);
      expect(nowhere).toMatchObject({
        code: EXIT.unreachable,
        error: expect.stringContaining("Cannot reach http://127.0.0.1:9"),
      });
    });
  });
});

describe("at a server", () => {
  test("both ways work: by the file of a token, and by KEYHOLD_TOKEN; the store itself says to ask the server", async () => {
    await withTemporaryDirectory(async (directory) => {
      writeFileSync(`${directory}/operator`, `${OPERATOR}\n`);
      await withServer(`${directory}/store`, ["--admin-token-file", `${directory}/operator`], async (server) => {
        const refused = await token(["list", "--store", `${directory}/store`]);
        expect(refused.code).toBe(EXIT.failure);
        expect(refused.error).toContain(
          "or ask it: --url http://127.0.0.1:3000 with --token-file FILE or KEYHOLD_TOKEN",
        );

        const at = ["--url", `${server.url}/`];
        const byFile = { files: { operator: ` ${OPERATOR}\n` } };
        const created = await token(
          ["create", "--name", "ci", "--prefix", "ci/", ...at, "--token-file", "operator"],
          byFile,
        );
        expect(created.code).toBe(EXIT.ok);
        const secret = created.out.trim();
        expect([await statusOf(server, "/keys/ci/1", secret), await statusOf(server, "/keys/x", secret)]).toEqual([
          404, 403,
        ]);

        const byVariable = { environment: { KEYHOLD_TOKEN: OPERATOR } };
        const [listed] = JSON.parse((await token(["list", "--json", ...at], byVariable)).out);
        expect((await token(["revoke", listed.id, ...at], byVariable)).error).toContain("is revoked");
        expect(await statusOf(server, "/keys/ci/1", secret)).toBe(401);

        const without = await token(["list", ...at]);
        expect(without).toMatchObject({ code: EXIT.noPermission, out: "" });
        expect(without.error).toContain("answered 401: This server asks for a token");
        expect(server.output()).not.toContain(OPERATOR);
      });
    });
  }, 20_000);

  test("a token that was answered outlives kill -9, and so does its revocation", async () => {
    await withTemporaryDirectory(async (directory) => {
      const store = `${directory}/store`;
      let kept = { id: "", token: "" };
      let revoked = { id: "", token: "" };
      await withServer(store, [], async ({ url }) => {
        const make = async (secret: string | null): Promise<{ id: string; token: string }> => {
          const headers = {
            "Content-Type": "application/json",
            ...(secret !== null && { Authorization: `Bearer ${secret}` }),
          };
          const body = '{"name": "n", "scopes": ["read", "admin"]}';
          return JSON.parse(await (await fetch(`${url}/-/tokens`, { method: "POST", headers, body })).text());
        };
        kept = await make(null);
        revoked = await make(kept.token);
        const headers = { Authorization: `Bearer ${kept.token}` };
        expect((await fetch(`${url}/-/tokens/${revoked.id}`, { method: "DELETE", headers })).status).toBe(200);
      });
      await withServer(store, [], async (server) => {
        const statuses = [kept.token, revoked.token, ""].map((secret) => statusOf(server, "/keys", secret));
        expect(await Promise.all(statuses)).toEqual([200, 401, 401]);
      });
    });
  }, 20_000);

  test("SIGHUP reads the operator's token again; a file that is wrong leaves the one before", async () => {
    await withTemporaryDirectory(async (directory) => {
      const file = `${directory}/operator`;
      writeFileSync(file, OPERATOR);
      await withServer(`${directory}/store`, ["--admin-token-file", file], async (server) => {
        const next = "n".repeat(40);
        writeFileSync(file, next);
        expect(await statusOf(server, "/keys", next)).toBe(401);
        server.kill("SIGHUP");
        while ((await statusOf(server, "/keys", next)) === 401);
        expect(await statusOf(server, "/keys", OPERATOR)).toBe(401);
        writeFileSync(file, "short");
        server.kill("SIGHUP");
        while (!server.output().includes("reload-failed")) await statusOf(server, "/keys", next);
        expect(await statusOf(server, "/keys", next)).toBe(200);
      });
    });
  }, 20_000);

  test("does not start with an operator's token that is too short, and says why", async () => {
    await withTemporaryDirectory(async (directory) => {
      writeFileSync(`${directory}/operator`, "short");
      let failure: unknown = null;
      try {
        await withServer(`${directory}/store`, ["--admin-token-file", `${directory}/operator`], async () => {});
      } catch (error) {
        failure = error;
      }
      expect(failure).toBeInstanceOf(FailedStart);
      expect(failure).toMatchObject({
        exitCode: EXIT.config,
        output: expect.stringContaining("32 at least are needed"),
      });
    });
  });
});
