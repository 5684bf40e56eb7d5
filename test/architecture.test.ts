// The rules of ARCHITECTURE.md that a machine can hold, as data: who may import whom, what may reach for the runtime and
// for the world outside, and how large things grow. A rule that is in the way is changed here and there together.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** A room is a folder or a file of src, the longest that a path begins with. What it may import, besides itself. */
const ROOMS: Readonly<Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>> = {
  core: { values: [] },
  store: { values: ["core"] },
  "engines/memory": { values: ["store", "core"] },
  "engines/sqlite": { values: ["store", "core"] },
  "engines/valkey": { values: ["store", "core"] },
  // Nothing else knows an engine by name.
  "engines/open.ts": {
    values: [
      "engines/memory/store.ts",
      "engines/sqlite/store.ts",
      "engines/sqlite/joined-store.ts",
      "engines/sqlite/integrity.ts",
      "engines/valkey/open.ts",
      "engines/valkey/scripts.ts",
      "engines/valkey/servers.ts",
      "config/store-access.ts",
      "config/write-promise.ts",
      "core",
    ],
    types: ["store", "config/options.ts", "config/store-location.ts", "observe/log.ts"],
  },
  // What the commands do to stores and backups without a server.
  "engines/archive.ts": { values: ["engines/sqlite", "engines/open.ts", "core"], types: ["store"] },
  wire: { values: ["core"] },
  service: { values: ["core", "store/cursor.ts", "store/partitions.ts", "store/receipt.ts"], types: ["store"] },
  "service/watch": { values: ["core", "store/cursor.ts"], types: ["store", "service"] },
  // Blind to HTTP; what it keeps, it keeps in the store.
  auth: { values: ["core"], types: ["store", "service/timers.ts"] },
  http: { values: ["service", "wire", "core", "observe", "auth"], types: ["store"] },
  // A transport knows handlers by RequestHandler alone.
  "http/transport": {
    values: [
      "core",
      "wire",
      "http/body-budget.ts",
      "http/exchange.ts",
      "http/listening.ts",
      "http/slices.ts",
      "http/stream-budget.ts",
      "http/tls-files.ts",
      "http/too-many.ts",
    ],
    types: ["http/server.ts"],
  },
  // Runs wherever there are fetch and web streams; tsconfig.client.json keeps everything else out.
  client: { values: ["wire", "core"] },
  // Stand on the client alone, as who installs the package could write them; of their libraries they import types.
  adapters: { values: ["client"] },
  // Knows servers by what they answer alone.
  load: { values: [] },
  // Pages that run in browsers: clients like any other.
  console: { values: ["client", "wire", "core"] },
  // State and requests; draws nothing.
  "console/model": { values: ["console/browser.ts", "client", "wire", "core"] },
  "console/parts": { values: ["console/model", "console/browser.ts"] },
  "console/views": { values: ["console/parts", "console/model", "console/browser.ts"], types: ["wire"] },
  reference: { values: [] },
  observe: { values: ["core/limits.ts", "core/errors.ts", "core/histogram.ts"] },
  "server-statsd.ts": {
    values: ["observe"],
    types: ["server-metrics.ts", "config/options.ts"],
  },
  "server-counts.ts": { values: ["core"] },
  "server-end.ts": { values: [], types: ["observe", "service"] },
  // Threads are made of what the main one is made of.
  workers: {
    values: [
      "compose-parts.ts",
      "compose-serving.ts",
      "engines/open.ts",
      "server-counts.ts",
      "server-metrics.ts",
      "server-statsd.ts",
      "observe",
      "core",
    ],
    types: ["http", "service", "store", "config", "engines/sqlite/store.ts"],
  },
  "server-metrics.ts": { values: ["observe", "core/histogram.ts"], types: ["store", "service", "http"] },
  config: { values: ["core/limits.ts", "core/errors.ts", "core/write-promise.ts"] },
  cli: {
    values: [
      "config",
      "observe",
      "core",
      "wire",
      "load",
      "client",
      "http/problem-text.ts",
      "service/transfer.ts",
      "store/cursor.ts",
      "store/partitions.ts",
      "compose.ts",
      "engines/archive.ts",
    ],
    types: ["store", "service"],
  },
  "compose.ts": {
    values: [
      "compose-parts.ts",
      "compose-serving.ts",
      "server-counts.ts",
      "server-end.ts",
      "workers",
      "engines/open.ts",
      "server-metrics.ts",
      "server-statsd.ts",
      "http",
      "service",
      "auth",
      "store",
      "wire",
      "observe",
      "config",
      "core",
    ],
  },
  "compose-serving.ts": {
    values: ["compose-parts.ts", "http", "service", "core"],
    types: ["auth", "config", "observe", "store", "server-counts.ts"],
  },
  "compose-parts.ts": {
    values: ["http", "service", "auth", "wire", "observe", "core"],
    types: ["store", "config", "engines/open.ts"],
  },
  "main.ts": { values: ["cli"] },
};

/** Where programs and threads begin. Every file of src is reached from one of them. */
const ENTRIES = [
  "src/main.ts",
  "src/engines/sqlite/writer-thread.ts",
  "src/engines/sqlite/check-thread.ts",
  "src/engines/sqlite/backup-thread.ts",
  "src/engines/sqlite/checkpoint-thread.ts",
  "src/workers/serving-thread.ts",
  "src/client/keyhold.ts",
  "src/adapters/better-auth.ts",
  "src/adapters/express-rate-limit.ts",
  "src/adapters/express-session.ts",
  "src/adapters/keyv.ts",
  "src/adapters/rate-limiter.ts",
  "src/adapters/unstorage.ts",
  "scripts/generate.ts",
  "src/console/main.tsx",
  "src/reference/main.ts",
];

/** Files of src that only tests use; each a debt. */
const TEST_ONLY: readonly string[] = [];

/** Where Bun's own interface may be used; everything else runs anywhere. */
const BUN_ALLOWED = [
  "engines/sqlite",
  "engines/valkey/connection.ts",
  "engines/archive.ts",
  "http/bun",
  "http/transport/keyhold-server.ts",
  "http/transport/bun-socket.ts",
  "load/fan-out.ts",
  "load/open-socket.ts",
  "load/run-load.ts",
  "cli",
  "compose.ts",
  "compose-serving.ts",
  "config/load.ts",
];

/** What reaches outside, and the files that may, each for a reason. An allowance that nothing needs fails too. */
const OUTSIDE: readonly {
  readonly what: string;
  readonly pattern: RegExp;
  readonly allowed: Readonly<Record<string, string>>;
}[] = [
  {
    what: "the wall clock",
    pattern: /\bDate\.now\b|\bnew Date\(\)|\bDate\(\)/,
    allowed: {
      "adapters/express-session.ts": "how long a cookie still lasts",
      "adapters/rate-limiter.ts": "how long it is until the end of a window",
      "adapters/keyv.ts": "how long it is until an instant that Keyv names",
      "cli/host.ts": "the process, as the commands see it",
      "client/entry-fields.ts": "how long an entry has, where the answer has no date",
      "client/entry-json.ts": "how long an entry has, to the millisecond",
      "compose.ts": "when the server began",
      "console/browser.ts": "the browser, as the console sees it",
      "engines/archive.ts": "what a store that a restore moves aside is named by",
      "engines/open.ts": "the memory engine's clock",
      "engines/sqlite/store.ts": "the clock of reads, and when the store was taken",
      "engines/sqlite/writer-thread.ts": "the clock of writes",
      "engines/valkey/clock-offset.ts": "how far the servers' clocks are from ours",
      "engines/valkey/open.ts": "the clock of reads, corrected by that",
      "http/bun/responses.ts": "the Date field",
      "http/transport/date-field.ts": "the Date field",
    },
  },
  { what: "randomness that is not cryptographic", pattern: /\bMath\.random\b/, allowed: {} },
  {
    what: "timers",
    pattern: /\bset(?:Timeout|Interval)\b/,
    allowed: {
      "cli/host.ts": "the process, as the commands see it",
      "client/timing.ts": "pauses and time limits of whoever uses the client",
      "console/browser.ts": "the browser, as the console sees it",
      "compose-serving.ts": "the timers of watchers, and of how long the last answers may take after a fault",
      "engines/open.ts": "the memory engine's sweeps",
      "engines/sqlite/writer-client.ts": "notices a writer that hangs",
      "engines/sqlite/writer-thread.ts": "upkeep",
      "engines/valkey/change-poll.ts": "looks at the log, for those who watch",
      "engines/valkey/connection.ts": "how long a connection may take to be there",
      "engines/valkey/pause.ts": "pauses between attempts, limits of waiting, looks at servers",
      "engines/valkey/stall-watch.ts": "notices a server that hangs",
      "engines/valkey/upkeep.ts": "upkeep",
      "http/bun/responses.ts": "how long a part may wait for its client",
      "http/bun/bun-server.ts": "how long a stop waits for requests",
      "http/transport/keyhold-server.ts": "what has taken too long; how long a stop waits for requests",
    },
  },
  { what: "the console", pattern: /\bconsole\./, allowed: {} },
  {
    what: "the environment",
    pattern: /\bprocess\.env\b|\bBun\.env\b|\bimport\.meta\.env\b/,
    allowed: { "cli/run.ts": "the options of the command line, in their third form" },
  },
];

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 60;
/** Files that are tables of data, where length is no fault. */
const TABLES: readonly string[] = [];

/** What Bun's parser adds to a file with JSX where no tsconfig.json tells it the library. */
const OF_JSX = /^react(?:\/|$)/;

interface SourceFile {
  /** From the root of the project, such as "src/core/key.ts". */
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  readonly imports: readonly Import[];
}

interface Import {
  /** A path from the root of the project, or the name of a package. */
  readonly target: string;
  readonly isType: boolean;
}

const files = readSources("src/**/*.{ts,tsx}").filter(({ path }) => !path.endsWith(".test.ts"));
const scripts = readSources("scripts/**/*.ts");

describe("the rooms", () => {
  test("are entered through the doors that stand in the table", () => {
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target.startsWith("src/"))
        .filter(({ target, isType }) => !mayImport(inSource(path), inSource(target), isType))
        .map(({ target, isType }) => `${path} imports ${isType ? "a type of " : ""}${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("hold every file", () => {
    expect(files.map(({ path }) => path).filter((path) => roomOf(inSource(path)) === null)).toEqual([]);
  });

  test("import files that exist, with their extension", () => {
    const known = new Set([...files, ...scripts].map(({ path }) => path));
    const wrong = files.flatMap(({ path, imports }) =>
      imports
        .filter(({ target }) => target.startsWith("src/") && !known.has(target) && !isData(target))
        .map(({ target }) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  // Types are erased, and may know of each other.
  test("are entered in no circle", () => {
    expect(findCycle()).toEqual([]);
  });

  test("have no file that only passes on what others export", () => {
    expect(files.filter(({ code }) => /^export\b[^;]*\bfrom "/m.test(code)).map(({ path }) => path)).toEqual([]);
  });

  test("have no file or folder named after nothing", () => {
    const vague = /(?:^|\/)(?:utils?|helpers?|common|misc|index)(?:\.ts|\/|$)/;
    expect(files.map(({ path }) => path).filter((path) => vague.test(path))).toEqual([]);
  });

  test("have no file that no program reaches", () => {
    const reached = reachedFrom(ENTRIES);
    const programs = files.filter(({ path }) => !path.endsWith(".d.ts"));
    const unreached = programs.map(({ path }) => path).filter((path) => !reached.has(path));
    expect(unreached.toSorted()).toEqual([...TEST_ONLY].toSorted());
  });

  test("are read with all their imports: the pattern used here finds what Bun's parser finds", () => {
    for (const { path, text, imports } of files) {
      const transpiler = new Bun.Transpiler({ loader: path.endsWith(".tsx") ? "tsx" : "ts" });
      const found = new Set(imports.map(({ target }) => target));
      const scanned = transpiler.scanImports(text).filter((each) => !OF_JSX.test(each.path));
      const missed = scanned.map((each) => resolveImport(path, each.path));
      expect({ path, missed: missed.filter((target) => !found.has(target)) }).toEqual({ path, missed: [] });
    }
  });
});

describe("the world outside", () => {
  test("is Bun's own interface only where it may be", () => {
    const using = files.filter(({ code, imports }) => {
      const hasImport = imports.some(({ target }) => target === "bun" || target.startsWith("bun:"));
      return hasImport || /\bBun\./.test(withoutStrings(code));
    });
    const wrong = using.map(({ path }) => path).filter((path) => !isWithin(inSource(path), BUN_ALLOWED));
    expect(wrong).toEqual([]);
  });

  for (const { what, pattern, allowed } of OUTSIDE) {
    test(`is ${what} only in the files listed, and in all of them`, () => {
      const using = files.filter(({ code }) => pattern.test(withoutStrings(code))).map(({ path }) => inSource(path));
      expect(using.toSorted()).toEqual(Object.keys(allowed).toSorted());
    });
  }
});

test("the library of traces is behind one file, which is loaded only where traces are on", () => {
  const importing = files.filter(({ imports }) => imports.some(({ target }) => target.startsWith("@opentelemetry/")));
  expect(importing.map(({ path }) => path)).toEqual(["src/observe/otel-tracing.ts"]);
  expect(files.filter(({ code }) => /\bfrom "[^"]*otel-tracing\.ts"/.test(code)).map(({ path }) => path)).toEqual([]);
});

describe("every file", () => {
  test("says in a comment at its head what it is for", () => {
    expect(files.filter(({ text }) => !/^(?:#!.*\n)?\/[/*]/.test(text)).map(({ path }) => path)).toEqual([]);
  });

  test(`has at most ${FILE_LINES_MAX} lines`, () => {
    const long = files.filter(
      ({ path, text }) => text.split("\n").length - 1 > FILE_LINES_MAX && !TABLES.includes(path),
    );
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test(`has functions of at most ${FUNCTION_LINES_MAX} lines`, () => {
    expect(files.flatMap(({ path, text }) => longFunctions(text).map((name) => `${path}: ${name}`))).toEqual([]);
  });

  test("has no work left to do without an issue number", () => {
    const todo = /\b(?:TODO|FIXME|XXX)\b(?! \(?#\d)/;
    expect(files.filter(({ text }) => todo.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

/** Whether a file is imported for what is in it: a script of another language, the manifest. */
function isData(target: string): boolean {
  return /\.(?:json|lua)$/.test(target) && existsSync(join(ROOT, target));
}

function readSources(glob: string): readonly SourceFile[] {
  return [...new Bun.Glob(glob).scanSync(ROOT)].toSorted().map((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    const code = withoutComments(text);
    return { path, text, code, imports: importsOf(path, code) };
  });
}

function importsOf(path: string, code: string): readonly Import[] {
  const found: Import[] = [];
  const add = (specifier: string | undefined, isType: boolean) => {
    if (specifier !== undefined) found.push({ target: resolveImport(path, specifier), isType });
  };
  for (const [, clause, specifier] of code.matchAll(/^(?:import|export)\b([^;"]*?)\bfrom "([^"]+)"/gm)) {
    add(specifier, isTypeOnly(clause ?? ""));
  }
  for (const [, specifier] of code.matchAll(/^import "([^"]+)"/gm)) add(specifier, false);
  for (const [, specifier] of code.matchAll(/\bimport\(\s*"([^"]+)"/g)) add(specifier, false);
  // A thread begins at a file that is named by its URL. Data files are named so too, and are no part of the program.
  for (const [, specifier] of code.matchAll(/\bnew URL\("(\.[^"]+\.ts)", import\.meta\.url\)/g)) add(specifier, false);
  return found;
}

/** `import type { A }`, and `import { type A, type B }`. */
function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  return names?.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type ")) ?? false;
}

function resolveImport(path: string, specifier: string): string {
  return specifier.startsWith(".") ? normalize(join(dirname(path), specifier)) : specifier;
}

function inSource(path: string): string {
  return path.replace(/^src\//, "");
}

function isWithin(path: string, places: readonly string[]): boolean {
  return places.some((place) => path === place || path.startsWith(`${place}/`));
}

/** The name of the room that a path of src stands in; null for none. */
function roomOf(path: string): string | null {
  const rooms = Object.keys(ROOMS).filter((room) => isWithin(path, [room]));
  return rooms.toSorted((a, b) => b.length - a.length)[0] ?? null;
}

function mayImport(source: string, target: string, isType: boolean): boolean {
  const room = roomOf(source);
  if (room === null) return false;
  const { values, types = [] } = ROOMS[room] ?? { values: [] };
  return isWithin(target, [room, ...values, ...(isType ? types : [])]);
}

/** The first circle of imports found, as the paths along it; empty when there is none. */
function findCycle(): readonly string[] {
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const { target } of fileAt(path)?.imports.filter(({ isType }) => !isType) ?? []) {
      const cycle = visit(target, [...trail, path]);
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  for (const { path } of files) {
    const cycle = visit(path, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}

function reachedFrom(entries: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const { target } of fileAt(path)?.imports ?? []) visit(target);
  };
  for (const path of entries) visit(path);
  return reached;
}

function fileAt(path: string): SourceFile | undefined {
  return [...files, ...scripts].find((file) => file.path === path);
}

/** Good enough for formatted code: comment marks within strings are followed by something else than a blank. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/(?: .*)?$/gm, "$1");
}

function withoutStrings(code: string): string {
  return code.replaceAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

/** In formatted code a function ends at the first closing brace that stands as far in as it began. */
function longFunctions(text: string): readonly string[] {
  const lines = text.split("\n");
  const opening =
    /^( *)(?:export )?(?:(?:static|async|override|get|set) )*(?:function\*? ?\w+|\*?#?(?!(?:if|for|while|switch|catch|return|describe|test)\b)\w+)(?:<.*>)?\((?:.*\{|[^)]*)$/;
  return lines.flatMap((line, start) => {
    const match = opening.exec(line);
    if (match === null) return [];
    const closing = new RegExp(`^${match[1]}\\}[,;)]*$`);
    const length = lines.slice(start).findIndex((each) => closing.test(each)) + 1;
    return length > FUNCTION_LINES_MAX ? [`${line.trim()} has ${length} lines`] : [];
  });
}
