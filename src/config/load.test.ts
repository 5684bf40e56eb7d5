// Tests of load.ts.
import { describe, expect, test } from "bun:test";
import type { ConfigSources, LoadResult } from "./load.ts";
import { loadConfig } from "./load.ts";
import { OPTIONS } from "./options.ts";

interface Given {
  readonly flags?: ConfigSources["flags"];
  readonly environment?: ConfigSources["environment"];
  /** Text of the file "keyhold.toml", the only one there is. */
  readonly file?: string;
}

function load({ flags = {}, environment = {}, file }: Given): LoadResult {
  return loadConfig({
    flags: file === undefined ? flags : { config: "keyhold.toml", ...flags },
    environment,
    readFile: (path) => {
      if (file === undefined || path !== "keyhold.toml") throw new Error("no such file");
      return file;
    },
  });
}

function loaded(given: Given) {
  const result = load(given);
  if (result.is === "refused") throw new Error(result.problems.join("\n"));
  return result;
}

function problems(given: Given): readonly string[] {
  const result = load(given);
  return result.is === "refused" ? result.problems : [];
}

function origin(given: Given, name: string) {
  const found = loaded(given).provenance.find((each) => each.name === name);
  return found === undefined ? null : [found.value, found.origin, found.from];
}

describe("where values come from", () => {
  const file = "port = 3\n";
  const environment = { KEYHOLD_PORT: "2" };
  const flags = { port: "1" };

  test("a flag wins over the environment and the file", () => {
    expect(origin({ flags, environment, file }, "port")).toEqual([1, "flag", "--port"]);
  });
  test("the environment wins over the file", () => {
    expect(origin({ environment, file }, "port")).toEqual([2, "environment", "KEYHOLD_PORT"]);
  });
  test("the file wins over the default", () => {
    expect(origin({ file }, "port")).toEqual([3, "file", "keyhold.toml"]);
  });
  test("the default stands where nothing is given", () => {
    expect(origin({}, "port")).toEqual([3000, "default", "default"]);
  });
  test("a switch turned off by its flag is told as it was written", () => {
    expect(origin({ flags: { wide: "false" }, environment: { KEYHOLD_WIDE: "true" } }, "wide")).toEqual([
      false,
      "flag",
      "--no-wide",
    ]);
  });
  test("an empty variable is no value", () => {
    expect(origin({ environment: { KEYHOLD_PORT: "", KEYHOLD_CONFIG: "" } }, "port")).toEqual([
      3000,
      "default",
      "default",
    ]);
  });
  test("what is of the commands that ask a server is passed over", () => {
    for (const name of ["TOKEN", "TOKEN_FILE", "URL", "EVENT", "EVENT_KEY", "LOCK_REVISION"]) {
      expect(problems({ environment: { [`KEYHOLD_${name}`]: "kh_secret" } })).toEqual([]);
    }
    expect(problems({ environment: { KEYHOLD_LOCK: "x" } }).length).toBe(1);
  });
  test("KEYHOLD_CONFIG names the file, and --config wins over it", () => {
    expect(origin({ environment: { KEYHOLD_CONFIG: "other.toml" }, file }, "port")).toEqual([
      3,
      "file",
      "keyhold.toml",
    ]);
    expect(problems({ environment: { KEYHOLD_CONFIG: "other.toml" } })).toEqual([
      'Cannot read the configuration file "other.toml": no such file',
    ]);
  });
  test("every option has its provenance", () => {
    expect(loaded({}).provenance.map(({ name }) => name)).toEqual(OPTIONS.map(({ name }) => name));
  });
});

describe("the result", () => {
  test("the defaults are those promised", () => {
    expect(loaded({}).config).toEqual({
      port: 3000,
      host: "127.0.0.1",
      transport: "keyhold",
      workers: 1,
      headTimeoutMs: 10_000,
      transferRate: 1024,
      idleTimeoutMs: 30_000,
      stopTimeoutMs: 4000,
      unixSocket: null,
      tlsCert: null,
      tlsKey: null,
      heartbeatMs: 15_000,
      adminTokenFile: null,
      insecurePublic: false,
      allowedHosts: [],
      corsOrigins: [],
      trustedProxies: [],
      store: { engine: "sqlite", directory: "./keyhold-data" },
      durability: "full",
      diskReserveBytes: 33_554_432,
      allowNetworkFilesystem: false,
      storeUser: null,
      storePasswordFile: null,
      storeCa: null,
      sentinelUser: null,
      sentinelPasswordFile: null,
      storePrefix: "keyhold",
      partitions: 0,
      promise: "auto",
      engineDeadlineMs: 2000,
      backupDirectory: null,
      backupIntervalMs: 86_400_000,
      backupsKept: 7,
      maxValueBytes: 1_048_576,
      wide: false,
      queuedCommits: 10_000,
      bodyBudgetBytes: 67_108_864,
      watchers: 10_000,
      watchBacklog: 10_000,
      storeBytes: 0,
      entryCacheBytes: "auto",
      connections: 20_000,
      requestsInFlight: 20_000,
      addressRequests: 0,
      addressBytes: 0,
      tokenRequests: 0,
      tokenBytes: 0,
      statsd: null,
      statsdPrefix: "keyhold",
      statsdNames: "keyhold",
      statsdIntervalMs: 1000,
      traces: null,
      tracePercent: 100,
      errorLog: "in-store",
      errorLogBytes: 10_485_760,
      errorLogKeptFiles: 5,
      logFormat: "auto",
      logLevel: "info",
      accessLog: false,
      sweepIntervalMs: 250,
      historyAgeMs: 86_400_000,
      historyChanges: 1_000_000,
      idempotencyAgeMs: 86_400_000,
      idempotencyBytes: 4 * 1024 ** 3,
    });
  });
  test("it is frozen, also inside", () => {
    const { config } = loaded({ flags: { "error-log": "x.log" } });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.store)).toBe(true);
    expect(Object.isFrozen(config.errorLog)).toBe(true);
  });
  test("a file may write numbers and switches bare or as strings", () => {
    const { config } = loaded({ file: 'port = "8080"\nwide = true\naccess-log = "true"\nmax-value = "2MiB"\n' });
    expect([config.port, config.wide, config.accessLog, config.maxValueBytes]).toEqual([8080, true, true, 2_097_152]);
  });
});

describe("unknown names", () => {
  test("of flags, variables and entries are refused together, each with the nearest", () => {
    const given = {
      flags: { prot: "1" },
      environment: { KEYHOLD_MAX_VALEU: "1MiB", PATH: "/bin" },
      file: "stoer = 1\n",
    };
    expect(problems(given)).toEqual([
      "Unknown option --prot; did you mean --port?",
      "Unknown environment variable KEYHOLD_MAX_VALEU; did you mean KEYHOLD_MAX_VALUE?",
      'Unknown entry stoer in "keyhold.toml"; did you mean store?',
    ]);
  });
  test("nothing is suggested where nothing is near", () => {
    expect(problems({ environment: { KEYHOLD_XYZZY_PLUGH: "1" } })).toEqual([
      "Unknown environment variable KEYHOLD_XYZZY_PLUGH",
    ]);
  });
  test("a name that would do something to a terminal is escaped", () => {
    expect(problems({ environment: { "KEYHOLD_\u001b[2J\u009b": "1" } })).toEqual([
      'Unknown environment variable "KEYHOLD_\\u001b[2J\\u009b"',
    ]);
  });
  test("variables that Kubernetes makes for a service named keyhold are passed over", () => {
    const environment = {
      KEYHOLD_SERVICE_HOST: "10.0.0.1",
      KEYHOLD_SERVICE_PORT: "3000",
      KEYHOLD_SERVICE_PORT_HTTP: "3000",
      KEYHOLD_PORT: "tcp://10.0.0.1:3000",
      KEYHOLD_PORT_3000_TCP: "tcp://10.0.0.1:3000",
      KEYHOLD_PORT_3000_TCP_ADDR: "10.0.0.1",
    };
    expect(origin({ environment }, "port")).toEqual([3000, "default", "default"]);
  });
});

describe("values that are not allowed", () => {
  test("are told all at once, by the name under which they were given", () => {
    const given = { flags: { port: "x" }, environment: { KEYHOLD_STORE: "foo:bar" }, file: "wide = 1\n" };
    expect(problems(given).toSorted()).toEqual([
      'Cannot use --port "x": expected a whole number from 0 to 65535',
      'Cannot use KEYHOLD_STORE "foo:bar": expected sqlite:DIRECTORY, a directory, memory:, valkey://HOST:PORT/DB, valkey+sentinel://HOST,HOST/NAME or valkey+cluster://HOST,HOST',
      'Cannot use wide in "keyhold.toml" "1": expected true or false',
    ]);
  });
  test("a table in the file is one", () => {
    expect(problems({ file: "[port]\nnumber = 1\n" })).toEqual([
      'Cannot use port in "keyhold.toml": expected a whole number from 0 to 65535',
    ]);
  });
  test("a file that is not TOML is told with the parser's reason", () => {
    const reason = "TOML Parse error: Expected a value but found '='";
    expect(problems({ file: "wide = = 2\n" })).toEqual([
      `Cannot read the configuration file "keyhold.toml": ${reason}`,
    ]);
  });
  test("a body budget equal to the largest value is allowed, one byte less is not", () => {
    expect(problems({ flags: { "max-value": "9MiB", "body-budget": "9MiB" } })).toEqual([]);
    expect(problems({ flags: { "max-value": "9MiB", "body-budget": "9437183B" } })).toEqual([
      'Cannot use --body-budget "9437183B": expected at least --max-value, which is 9MiB',
    ]);
  });
});
