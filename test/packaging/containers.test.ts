// Dockerfile and compose.yaml, as far as they can be judged without a container engine: what they name is there, what should
// be shut is shut. scripts/check-image.sh builds and runs the image, docker-compose judges the form where there is one.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { loadConfig } from "../../src/config/load.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { findCommand } from "../support/other-program.ts";
import { mustRun } from "../support/run-command.ts";
import { at, listAt, readYaml } from "../support/yaml-file.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENVIRONMENT_NAMES = OPTIONS.map(({ environment }) => environment);
const PINNED = /^[a-z0-9./-]+:v?\d+\.\d+\.\d+$/;

const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const compose = readYaml(join(ROOT, "compose.yaml"));
const services = Object.entries(at(compose, "services") ?? {});

describe("the Dockerfile", () => {
  test("builds on pinned images, and says the package's version", () => {
    expect(dockerfile).toMatch(/^ARG BUILDER=node:\d+\.\d+\.\d+-bookworm-slim$/m);
    expect(dockerfile).toMatch(/^ARG BASE=debian:\d+\.\d+-slim$/m);
    expect(dockerfile).toContain(`ARG VERSION=${packageJson.version}\n`);
  });

  test("copies what is there, and what .dockerignore lets through", () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, paths]) =>
      (paths ?? "").split(" "),
    );
    const ignore = readFileSync(join(ROOT, ".dockerignore"), "utf8").split("\n");
    expect(copied.length).toBeGreaterThan(3);
    for (const path of copied) {
      expect(existsSync(join(ROOT, path))).toBe(true);
      expect(ignore).toContain(`!${path}`);
    }
  });

  test("sets variables that there are, and lets no user but its own write", () => {
    const names = [...dockerfile.matchAll(/\bKEYHOLD_[A-Z_]+(?==)/g)].map(([name]) => name);
    expect(names.length).toBe(3);
    for (const name of names) expect(ENVIRONMENT_NAMES).toContain(name);
    expect(dockerfile).not.toContain("KEYHOLD_INSECURE_PUBLIC");
    expect(dockerfile.indexOf("\nUSER 65532:65532\n")).toBeGreaterThan(dockerfile.lastIndexOf("\nRUN "));
  });
});

describe("compose.yaml", () => {
  test("has the services that it promises", () => {
    const names = services.map(([name]) => name);
    expect(names.toSorted()).toEqual(["grafana", "keyhold", "prometheus", "statsd-exporter", "valkey"]);
  });

  test.each(services)("%s is pinned, locked, bounded and looked after", (_, service) => {
    expect(at(service, "image")).toMatch(PINNED);
    expect(at(service, "read_only")).toBe(true);
    expect(at(service, "cap_drop")).toEqual(["ALL"]);
    expect(at(service, "security_opt")).toEqual(["no-new-privileges:true"]);
    for (const bound of ["mem_limit", "cpus", "pids_limit"]) expect(at(service, bound)).toBeDefined();
    expect(listAt(service, "healthcheck.test")[0]).toBe("CMD");
    for (const port of listAt(service, "ports")) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test("publishes the port of the seeds, on which the server listens", () => {
    expect(at(compose, "services.keyhold.ports")).toEqual(["127.0.0.1:5000:5000"]);
    expect(at(compose, "services.keyhold.environment.KEYHOLD_PORT")).toBe("5000");
    expect(at(compose, "services.keyhold.image")).toBe(`keyhold:${packageJson.version}`);
  });

  test("sets variables that there are, to values that are allowed", () => {
    const environment = at(compose, "services.keyhold.environment") ?? {};
    const texts = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)]));
    expect(loadConfig({ flags: {}, environment: texts, readFile: () => "" })).toMatchObject({
      is: "loaded",
      config: { port: 5000, insecurePublic: true, statsd: { host: "statsd-exporter", port: 9125 } },
    });
  });

  test("declares each volume that it mounts, and mounts each that it declares", () => {
    const named = mounts().filter(({ source }) => !source.startsWith("."));
    expect(named.map(({ source }) => source).toSorted()).toEqual(Object.keys(at(compose, "volumes") ?? {}).toSorted());
  });

  test("mounts files that are there, and cannot be written to", () => {
    const files = mounts().filter(({ source }) => source.startsWith("."));
    expect(files.length).toBe(5);
    for (const { source, mode } of files) {
      expect([source, mode]).toEqual([source, "ro"]);
      expect([source, existsSync(join(ROOT, source))]).toEqual([source, true]);
    }
  });

  test("mounts the dashboards where Grafana is told to look for them", () => {
    const providers = [...new Bun.Glob("deploy/grafana/provisioning/dashboards/*.y*ml").scanSync(ROOT)];
    expect(providers.length).toBe(1);
    const target = mounts().find(({ source }) => source === "./deploy/grafana/dashboards")?.target;
    for (const file of providers) expect(at(readYaml(join(ROOT, file)), "providers.0.options.path")).toBe(target);
  });

  const command = findCommand(["docker-compose"], "docker-compose");
  test.skipIf(command === null)("is understood by docker-compose", async () => {
    const read = await mustRun([command ?? "", "-f", "compose.yaml", "--profile", "valkey", "config"], {
      directory: ROOT,
    });
    for (const [name] of services) expect(read).toContain(`\n  ${name}:\n`);
  });
});

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly mode: string | undefined;
}

function mounts(): readonly Mount[] {
  return services.flatMap(([, service]) =>
    listAt(service, "volumes").map((mount) => {
      const [source = "", target = "", mode] = String(mount).split(":");
      return { source, target, mode };
    }),
  );
}
