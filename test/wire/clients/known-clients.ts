// The clients that go through the scenario: where each is found, how its version is asked for, and how it is started.
import { join } from "node:path";
import { mustRun } from "../../support/run-command.ts";
import { startChromiumClient } from "./chromium-client.ts";
import { makeCurlClient } from "./curl-client.ts";
import { startLineClient } from "./line-client.ts";
import type { Ability, WireClient } from "./wire-client.ts";

export interface KnownClient {
  readonly name: string;
  /** What to look for on the path, any of them. */
  readonly commands: readonly string[];
  readonly toInstall: string;
  readonly version: (command: string) => Promise<string>;
  readonly start: (command: string, room: Room) => Promise<WireClient>;
}

/** What a client is given beside the server. */
export interface Room {
  /** For what it writes. */
  readonly directory: string;
  /** A certificate to trust. */
  readonly caFile: string;
}

const PROGRAMS = import.meta.dir;
const NODE = { commands: ["node"], toInstall: "Node 20 or later" };

export const CLIENTS: readonly KnownClient[] = [
  {
    name: "curl",
    commands: ["curl"],
    toInstall: "Debian's curl",
    version: (command) => firstMatch([command, "--version"], /^curl (\S+)/),
    start: async (command, room) => makeCurlClient({ command, ...room }),
  },
  {
    ...NODE,
    name: "Node's fetch (undici)",
    version: (command) =>
      firstMatch([command, "-p", "process.version + ', undici ' + process.versions.undici"], /(.*)/),
    start: async (node, room) => program([node, join(PROGRAMS, "fetch.mjs")], room, ["chunked"]),
  },
  {
    ...NODE,
    name: "node:http, keep-alive agent",
    version: (command) => firstMatch([command, "--version"], /(.*)/),
    start: async (node, room) => program([node, join(PROGRAMS, "http.mjs")], room, ["chunked", "continue"]),
  },
  {
    name: "Bun's fetch",
    commands: [process.execPath],
    toInstall: "Bun",
    version: async () => Bun.version,
    start: async (bun, room) => program([bun, join(PROGRAMS, "fetch.mjs")], room, ["chunked"]),
  },
  {
    name: "Python's http.client",
    commands: ["python3"],
    toInstall: "Python 3.10 or later, Debian's python3",
    version: (command) => firstMatch([command, "--version"], /Python (\S+)/),
    start: async (python, room) => program([python, join(PROGRAMS, "http_client.py")], room, ["chunked"]),
  },
  {
    name: "Go's net/http",
    commands: ["go"],
    toInstall: "Go 1.19 or later, Debian's golang-go",
    version: (command) => firstMatch([command, "version"], /go(\d\S+)/),
    async start(go, room) {
      const built = join(room.directory, "client");
      await mustRun([go, "build", "-o", built, join(PROGRAMS, "client.go")]);
      return program([built], room, ["chunked", "continue"]);
    },
  },
  {
    name: "Chromium, fetch and EventSource",
    commands: ["chromium", "chromium-browser", "google-chrome"],
    toInstall: "Debian's chromium",
    version: (command) => firstMatch([command, "--version"], /(\d[\d.]+)/),
    start: (chromium) => startChromiumClient(chromium),
  },
];

/** What a program prints of its version, wherever it prints it. */
export async function firstMatch(command: readonly string[], pattern: RegExp): Promise<string> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return pattern.exec(out)?.[1] ?? pattern.exec(error)?.[1] ?? "unknown";
}

function program(command: readonly string[], { caFile }: Room, abilities: readonly Ability[]): WireClient {
  const environment = { ...process.env, CA_FILE: caFile, NODE_EXTRA_CA_CERTS: caFile };
  return startLineClient({ command, environment, abilities });
}
