// Tests of health.ts, against listeners that answer as the test says.
import { describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { health, loopbackUrl } from "./health.ts";
import { run } from "./run.ts";

/** A server for the length of `body`, which is given its URL. */
async function withListener(server: Server, body: (url: string) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port }: Pick<AddressInfo, "port"> = Object.assign({ port: 0 }, server.address());
  try {
    await body(`http://127.0.0.1:${port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function keyhold(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const host = makeFakeHost();
  const code = await run(args, host, environment);
  return { code, out: host.out(), error: host.error() };
}

describe("keyhold health", () => {
  test("exits 0 and says nothing where /-/ready answers 200", async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url);
      response.end("ready");
    });
    await withListener(server, async (url) => {
      expect(await keyhold(["health", "--url", `${url}/`])).toEqual({ code: 0, out: "", error: "" });
    });
    expect(asked).toEqual(["/-/ready"]);
  });

  test("asks where a server with the variables of the environment listens", async () => {
    const server = createServer((_, response) => response.end());
    await withListener(server, async (url) => {
      const environment = { KEYHOLD_PORT: new URL(url).port, KEYHOLD_HOST: "0.0.0.0" };
      expect((await keyhold(["health"], environment)).code).toBe(0);
    });
  });

  test("exits 1 with the server's reason, on one line, where it is not ready", async () => {
    const server = createServer((_, response) => response.writeHead(503).end("Stopping\n\u001b[2Jnow\n"));
    await withListener(server, async (url) => {
      const error = `keyhold: ${url}/-/ready answered 503: Stopping [2Jnow\n`;
      expect(await keyhold(["health", "--url", url])).toEqual({ code: 1, out: "", error });
    });
  });

  test("--json has the answer as a document", async () => {
    const server = createServer((_, response) => response.end("ready"));
    await withListener(server, async (url) => {
      expect(await keyhold(["health", "--json", "--url", url])).toEqual({
        code: 0,
        out: `${JSON.stringify({ url, ready: true, detail: null })}\n`,
        error: "",
      });
    });
    const { code, out } = await keyhold(["health", "--json", "--url", "http://127.0.0.1:1"]);
    expect([code, JSON.parse(out)]).toMatchObject([1, { ready: false, detail: expect.any(String) }]);
  });

  test("does not follow a redirection", async () => {
    const server = createServer((_, response) => response.writeHead(302, { Location: "/" }).end());
    await withListener(server, async (url) => {
      expect((await keyhold(["health", "--url", url])).error).toContain("answered 302");
    });
  });

  test("exits 1 where nobody listens", async () => {
    let closed = "";
    await withListener(createServer(), async (url) => {
      closed = url;
    });
    const { code, error } = await keyhold(["health", "--url", closed]);
    expect(code).toBe(1);
    expect(error).toStartWith(`keyhold: Cannot ask ${closed}/-/ready: `);
  });

  test.each([
    ["nothing", () => {}],
    ["a part of the answer", (response: { write(text: string): void }) => response.write("rea")],
  ])("exits 1 after --timeout where %s comes", async (_, answer) => {
    await withListener(
      createServer((_request, response) => answer(response)),
      async (url) => {
        const { code, error } = await keyhold(["health", "--url", url, "--timeout", "50ms"]);
        expect(code).toBe(1);
        expect(error).toBe(`keyhold: Cannot ask ${url}/-/ready: no whole answer within 50 ms\n`);
      },
    );
  });

  test("keeps a bounded part of what it is told", async () => {
    const server = createServer((_, response) => response.writeHead(503).end("x".repeat(100_000)));
    await withListener(server, async (url) => {
      const host = makeFakeHost();
      await health({ serverUrl: url, timeoutMs: 2000, isJson: false }, host);
      expect(host.error().length).toBeLessThan(1100);
    });
  });

  test.each([
    [["--url", "localhost:3000"], "Cannot use --url"],
    [["--url", "http://localhost:3000/some/path"], "expected scheme, host and port"],
    [["--timeout", "2"], 'Cannot use --timeout "2": expected a duration from 1ms to 5m, written in ms, s, m, h, d'],
  ])("with %j is a mistake, and exits 2", async (args, sentence) => {
    const { code, error } = await keyhold(["health", ...args]);
    expect([code, error]).toEqual([2, expect.stringContaining(sentence)]);
  });

  test("exits 78 at an option of the server that is not allowed", async () => {
    expect((await keyhold(["health"], { KEYHOLD_PORT: "x" })).code).toBe(78);
  });
});

test("the time for an answer is two seconds where none is given", async () => {
  expect((await keyhold(["help", "health"])).out).toContain('(default: "2s")');
});

test.each([
  [{ host: "0.0.0.0", port: 1, tlsCert: null }, "http://127.0.0.1:1"],
  [{ host: "::", port: 2, tlsCert: null }, "http://[::1]:2"],
  [{ host: "fd00::7", port: 3, tlsCert: "cert.pem" }, "https://[fd00::7]:3"],
  [{ host: "store.example", port: 4, tlsCert: null }, "http://store.example:4"],
])("a server of %j is asked at %s", (config, url) => {
  expect(loopbackUrl(config)).toBe(url);
});
