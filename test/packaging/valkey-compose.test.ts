// deploy/valkey/compose.yaml: what should be shut is shut, and its servers, started with its own settings, are what its Keyhold
// servers ask for.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { loadConfig } from "../../src/config/load.ts";
import { findCommand } from "../support/other-program.ts";
import { mustRun } from "../support/run-command.ts";
import { withGroup } from "../support/valkey-group.ts";
import { untilLinked } from "../support/valkey-standalone.ts";
import { withServerProcess } from "../support/with-server-process.ts";
import { at, listAt, readYaml } from "../support/yaml-file.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILE = "deploy/valkey/compose.yaml";
const KEYHOLDS = ["keyhold-1", "keyhold-2"];
const REPLICAS = ["replica-1", "replica-2"];
const PATIENCE_MS = 30_000;

const compose = readYaml(join(ROOT, FILE));
const services = Object.entries(at(compose, "services") ?? {});
const environment = Object.fromEntries(
  Object.entries(at(compose, "services.keyhold-1.environment") ?? {}).map(([name, value]) => [name, String(value)]),
);

test("it has the services that it promises", () => {
  expect(services.map(([name]) => name).toSorted()).toEqual([...KEYHOLDS, "primary", ...REPLICAS]);
});

describe("each service", () => {
  test.each(services)("%s is pinned, locked, bounded and looked after", (_, service) => {
    expect(at(service, "image")).toMatch(/^[a-z0-9./-]+:\d+\.\d+\.\d+$/);
    expect(at(service, "read_only")).toBe(true);
    expect(at(service, "cap_drop")).toEqual(["ALL"]);
    expect(at(service, "security_opt")).toEqual(["no-new-privileges:true"]);
    for (const bound of ["mem_limit", "cpus", "pids_limit"]) expect(at(service, bound)).toBeDefined();
    expect(listAt(service, "healthcheck.test")[0]).toBe("CMD");
    for (const port of listAt(service, "ports")) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test.each(REPLICAS)("%s is set as the primary is, but for what primaries alone need", (name) => {
    const primary = settingsOf("primary");
    for (const line of settingsOf(name)) {
      if (!line.startsWith("replicaof ")) expect(primary).toContain(line);
    }
  });
});

test("its Keyhold servers are alike, and of this version", () => {
  for (const name of KEYHOLDS) {
    expect(at(compose, `services.${name}.image`)).toBe(`keyhold:${packageJson.version}`);
    expect(at(compose, `services.${name}.environment`)).toEqual(at(compose, "services.keyhold-1.environment"));
  }
  expect(loadConfig({ flags: {}, environment, readFile: () => "" })).toMatchObject({
    is: "loaded",
    config: { store: { engine: "valkey", topology: "standalone", seeds: [{ host: "primary", port: 6379 }] } },
  });
});

test(
  "its servers keep the promise that its Keyhold servers ask for",
  async () => {
    await withGroup({}, async (group) => {
      const primary = await group.start(() => settingsOf("primary"));
      const { host, port } = primary.address;
      for (const name of REPLICAS) {
        await group.start(() =>
          settingsOf(name).map((line) => line.replace(/^replicaof primary 6379$/, `replicaof ${host} ${port}`)),
        );
      }
      try {
        await untilLinked(primary, REPLICAS.length);
        const promise = environment["KEYHOLD_PROMISE"] ?? "";
        const flags = ["--store", `valkey://${host}:${port}/0`, "--promise", promise];
        await withServerProcess(
          async (one) => {
            await withServerProcess(
              async (other) => {
                const written = await fetch(new URL("/greeting", one.url), { method: "PUT", body: "hello" });
                expect(written.status).toBe(201);
                expect(await (await fetch(new URL("/greeting", other.url))).text()).toBe("hello");
              },
              () => flags,
            );
          },
          () => flags,
        );
      } finally {
        await group.stop();
      }
    });
  },
  PATIENCE_MS,
);

const command = findCommand(["docker-compose"], "docker-compose");
test.skipIf(command === null)("it is understood by docker-compose", async () => {
  const read = await mustRun([command ?? "", "-f", FILE, "config"], { directory: ROOT });
  for (const [name] of services) expect(read).toContain(`\n  ${name}:\n`);
});

/** As lines of a configuration file. */
function settingsOf(name: string): readonly string[] {
  return listAt(compose, `services.${name}.command`)
    .slice(1)
    .map((argument) => String(argument).replace(/^--/, ""));
}
