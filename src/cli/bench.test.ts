// `keyhold bench` as a user runs it: every workload, on a server that others use; stopped, refused, with a token and with TLS.
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { makeCertificate } from "../../test/support/certificate.ts";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { type TestServer, withMemoryServer } from "../../test/support/http-harness.ts";
import { startServerProcess } from "../../test/support/server-process.ts";
import { withTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import { FAN_OUT, WORKLOADS } from "../load/workloads.ts";
import { EXIT } from "./exit-codes.ts";
import { run } from "./run.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const QUICK = ["--duration", "30ms", "--keys", "150", "--connections", "4"];

interface Report {
  readonly workloads: readonly {
    readonly workload: string;
    readonly per_second: number;
    readonly requests: number;
    readonly latency_ms: Readonly<Record<string, { readonly p50: number; readonly longest: number }>>;
  }[];
}

/** @param signalAt - what SIGINT is sent at, once it stands on standard error */
async function bench(args: readonly string[], { token = "", signalAt = "" } = {}) {
  const host = makeFakeHost();
  const writeError = (lines: string) => {
    host.writeError(lines);
    if (signalAt !== "" && lines.includes(signalAt)) host.signal("SIGINT");
  };
  const environment = token === "" ? {} : { KEYHOLD_TOKEN: token };
  const code = await run(["bench", ...args], { ...host, writeError }, environment);
  return { code, out: host.out(), error: host.error() };
}

function withServer(body: (server: TestServer, url: string) => Promise<void>): Promise<void> {
  return withMemoryServer(async (server) => {
    if (server.url === null) throw new Error("The server has no socket");
    await server.http.put("/mine", "x");
    await body(server, server.url);
  });
}

async function keysOf({ http }: TestServer, token = ""): Promise<string> {
  return (await http.get("/keys?keys", token === "" ? {} : { Authorization: `Bearer ${token}` })).text;
}

describe("a bench", () => {
  test("of every workload reports them as JSON, and leaves the keys of others alone", async () => {
    await withServer(async (server, url) => {
      const names = [...WORKLOADS.map(({ name }) => name), FAN_OUT];
      const { code, out, error } = await bench([url, ...QUICK, "--workload", names.join(","), "--json"]);
      expect({ code, error }).toEqual({ code: EXIT.ok, error: expect.stringContaining("bench: get-hot for 0.03 s") });
      const { workloads }: Report = JSON.parse(out);
      expect(workloads.map(({ workload }) => workload)).toEqual(names);
      for (const { workload, requests, per_second, latency_ms } of workloads) {
        const { p50 = 0, longest = 0 } = latency_ms["all"] ?? {};
        const isSound = requests > 0 && per_second > 0 && p50 > 0 && longest >= p50;
        const kinds = workload.startsWith("mixed") ? ["all", "reads", "writes"] : ["all"];
        expect({ workload, isSound, kinds: Object.keys(latency_ms) }).toEqual({ workload, isSound: true, kinds });
      }
      expect(await keysOf(server)).toBe('["mine"]');
    });
  });

  test("prints a table for people", async () => {
    await withServer(async (_, url) => {
      const { out } = await bench([url, ...QUICK, "--workload", "mixed-75-25", "--value-size", "1KiB"]);
      const lines = out.trimEnd().split("\n");
      expect(lines[0]).toBe(`${url}, 4 connections, 150 keys, values of 1024 bytes`);
      expect(lines.slice(1).map((line) => line.trim().split(/ {2,}/)[0])).toEqual([
        "WORKLOAD",
        "mixed-75-25",
        "reads",
        "writes",
      ]);
    });
  });

  test.each(["bench: fill", "get-hot for 3600 s"])(
    "that is stopped at %j deletes its keys all the same",
    async (signalAt) => {
      await withServer(async (server, url) => {
        const args = [url, "--keys", "2000", "--duration", "1h", "--workload", "get-hot"];
        const { code, error } = await bench(args, { signalAt });
        expect([code, error]).toEqual([EXIT.failure, expect.stringContaining("keyhold: Stopped before the end\n")]);
        expect(await keysOf(server)).toBe('["mine"]');
      });
    },
  );

  test("needs a token where there are some, for the keys of its prefix alone", async () => {
    await withServer(async (server, url) => {
      const grant = { name: "bench", scopes: ["read", "write"], prefixes: ["keyhold-bench-"] };
      const headers = { "Content-Type": "application/json" };
      const made = await fetch(`${url}/-/tokens`, { method: "POST", body: JSON.stringify(grant), headers });
      const { token }: { readonly token: string } = JSON.parse(await made.text());
      const refused = await bench([url, ...QUICK]);
      expect(refused.code).toBe(EXIT.failure);
      expect(refused.error).toContain("keyhold: A write was answered 401, not 200 or 201 or 204: ");
      expect((await bench([url, ...QUICK, "--workload", "get-random,put-new"], { token })).code).toBe(EXIT.ok);
      expect(await keysOf(server, token)).toBe("[]");
    });
  });

  test("speaks TLS to a server whose certificate it has reason to trust, and to no other", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { cert, key } = makeCertificate(directory, "bench");
      const server = await startServerProcess(["--store", "memory:", "--tls-cert", cert, "--tls-key", key]);
      const measure = (environment: Readonly<Record<string, string>>) => {
        const command = [process.execPath, MAIN, "bench", server.url, ...QUICK, "--workload", `get-hot,${FAN_OUT}`];
        const { exitCode, stderr } = Bun.spawnSync(command, {
          env: { PATH: process.env["PATH"] ?? "", ...environment },
        });
        return { exitCode, error: stderr.toString() };
      };
      try {
        expect(measure({})).toMatchObject({ exitCode: 1, error: expect.stringContaining("self signed certificate") });
        expect(measure({ NODE_EXTRA_CA_CERTS: cert }).exitCode).toBe(0);
      } finally {
        server.kill("SIGKILL");
        await server.exited;
      }
    });
  });
});

describe("a bench that cannot be", () => {
  test.each([
    [["--workload", "get-cold"], 'Cannot use --workload "get-cold": expected some of get-hot, '],
    [["--keys", "0"], 'Cannot use --keys "0": expected a whole number from 1 to 10000000'],
    [["ftp://x"], 'Cannot use the URL "ftp://x": '],
  ])("for %j is a mistake in the command line", async (args, sentence) => {
    const { code, out, error } = await bench(args);
    expect([code, out]).toEqual([EXIT.usage, ""]);
    expect(error).toStartWith(`keyhold: ${sentence}`);
  });

  test("as nobody listens says so", async () => {
    let gone = "";
    await withServer(async (_, url) => {
      gone = url;
    });
    const { code, error } = await bench([gone, ...QUICK]);
    expect([code, error]).toEqual([EXIT.failure, expect.stringContaining(`Cannot reach ${new URL(gone).host}: `)]);
    expect(error).not.toContain("may be left");
  });
});
