// `keyhold bench [URL]`: what a server does under named workloads, measured from here. It works under a prefix of its own,
// which it fills first and deletes at the end, whatever came between; it asks nothing else of the server.
import type { Command } from "commander";
import { Option } from "commander";
import { duration, type Format, list, size, wholeNumber } from "../config/formats.ts";
import { KeyholdError } from "../core/errors.ts";
import { type Dialect, makeKeyholdDialect } from "../load/dialect.ts";
import { runFanOut } from "../load/fan-out.ts";
import { fillOneByOne } from "../load/fill.ts";
import { LoadFailed, targetOf } from "../load/open-socket.ts";
import { allLatencies, runLoad } from "../load/run-load.ts";
import { ValuePool } from "../load/value-pool.ts";
import { FAN_OUT, WORKLOADS, workloadOf } from "../load/workloads.ts";
import { FIELD } from "../wire/headers.ts";
import { type Figures, toBenchJson, toBenchTable } from "./bench-report.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import {
  addOutputFlags,
  addServerPlaceFlags,
  DEFAULT_URL,
  isGiven,
  readServerUrl,
  readToken,
  textFlag,
  toldTo,
} from "./flags.ts";
import type { Host } from "./host.ts";
import { makeProgress } from "./progress.ts";
import { askForJson, type Remote } from "./remote.ts";
import { runCommand, withHint } from "./run-command.ts";
import { parseServerUrl } from "./server-url.ts";

const NAMES = [...WORKLOADS.map(({ name }) => name), FAN_OUT];
const WORKLOAD = list(`some of ${NAMES.join(", ")}`, "NAMES", (word) => NAMES.includes(word));
const CONNECTIONS = wholeNumber({ least: 1, most: 4096 });
const DURATION = duration({ least: "10ms", most: "1h" });
const KEYS = wholeNumber({ least: 1, most: 10_000_000 });
const VALUE = size({ least: 8, most: 1024 * 1024 });
const DEFAULTS = { workload: "get-random,put-overwrite,mixed-75-25", connections: "16", duration: "5s", keys: "10000" };
const DEFAULT_VALUE = "100B";
const WRITES_PER_SECOND = 1000;
/** Deletions, the last of which finds nothing more. */
const CLEAN_UPS_MAX = 5;
const CLEAN_UP_MS = 60_000;
const SEED = 1;

const NOTES = `
Without URL the server at ${DEFAULT_URL} is asked. KEYHOLD_TOKEN in the environment, or the file named by --token-file,
holds a token that may read and write keys that begin with keyhold-bench-, and watch them for ${FAN_OUT}.
Everything is done to keys of such a prefix, which is deleted at the end. Load and server share a machine's cores
where they are on one.

Workloads:
${[
  ...WORKLOADS,
  { name: FAN_OUT, summary: `so many connections watch, one writes ${WRITES_PER_SECOND} times a second` },
]
  .map(({ name, summary }) => `  ${name.padEnd(16)} ${summary}`)
  .join("\n")}`;

export const BENCH: CommandBody = { notes: NOTES, declareFlags, run: runBench };

/** What is measured, and how. */
interface Bench {
  readonly remote: Remote;
  readonly workloads: readonly string[];
  readonly connections: number;
  readonly seconds: number;
  readonly keys: number;
  readonly valueBytes: number;
  /** What all keys begin with; it has nothing that a URL would write otherwise. */
  readonly prefix: string;
}

function declareFlags(command: Command): void {
  command.argument("[URL]", "A running server, as by --url");
  addServerPlaceFlags(command);
  addOutputFlags(command);
  command
    .addOption(new Option("--workload <NAMES>", "One or several, with commas between").default(DEFAULTS.workload))
    .addOption(
      new Option("--connections <NUMBER>", "Each asks again when it is answered").default(DEFAULTS.connections),
    )
    .addOption(new Option("--duration <DURATION>", "Of each workload").default(DEFAULTS.duration))
    .addOption(new Option("--keys <NUMBER>", "Keys that are there before").default(DEFAULTS.keys))
    .addOption(new Option("--value-size <SIZE>", "Of each value").default(DEFAULT_VALUE));
}

function runBench(context: CommandContext): Promise<number> {
  const { command } = context;
  const host = toldTo(context);
  return runCommand(context.host, async (signal) => {
    const bench = readBench(context);
    const figures = await withOwnKeys(bench, (begun) => measureAll(bench, { host, begun, signal }));
    const { remote, connections, seconds, keys, valueBytes } = bench;
    const settings = { url: remote.url, connections, seconds, keys, valueBytes };
    host.writeOut(isGiven(command, "json") ? toBenchJson(settings, figures) : toBenchTable(settings, figures));
    return EXIT.ok;
  });
}

/** @throws "invalid-parameter" */
function readBench(context: CommandContext): Bench {
  const { command } = context;
  const read = <T>(format: Format<T>, name: string, flag: string): T => {
    const text = textFlag(command, name) ?? "";
    const { success, data } = format.schema.safeParse(text);
    if (success) return data;
    throw new KeyholdError(
      "invalid-parameter",
      `Cannot use ${flag} ${JSON.stringify(text)}: expected ${format.allowed}`,
    );
  };
  return {
    remote: { url: readBenchUrl(context), token: readToken(context) },
    workloads: read(WORKLOAD, "workload", "--workload"),
    connections: read(CONNECTIONS, "connections", "--connections"),
    seconds: read(DURATION, "duration", "--duration") / 1000,
    keys: read(KEYS, "keys", "--keys"),
    valueBytes: read(VALUE, "valueSize", "--value-size"),
    prefix: `keyhold-bench-${crypto.randomUUID().slice(0, 8)}/`,
  };
}

/** Named as an argument too: that is how it was first taken. */
function readBenchUrl(context: CommandContext): string {
  const [argument] = context.command.args;
  return argument === undefined ? readServerUrl(context) : parseServerUrl(argument, "the URL");
}

/**
 * Deletes them at the end, also where the work fails or is stopped.
 *
 * @param work - calls `begun` once there may be some
 * @throws what the work or the deleting throws
 */
async function withOwnKeys<T>({ remote, prefix }: Bench, work: (begun: () => void) => Promise<T>): Promise<T> {
  const left = `keys that begin with ${prefix} may be left`;
  let hasKeys = false;
  const clean = async () => {
    if (!hasKeys) return;
    const target = `/keys?prefix=${encodeURIComponent(prefix)}`;
    // Writes of connections that broke may still be made behind the first deletion.
    for (let pass = 0, deleted = 1; pass < CLEAN_UPS_MAX && deleted > 0; pass++) {
      const signal = AbortSignal.timeout(CLEAN_UP_MS);
      const answer = await askForJson<{ readonly deleted: number }>(remote, { method: "DELETE", target, signal });
      deleted = answer.deleted;
    }
  };
  let result: T;
  try {
    result = await work(() => {
      hasKeys = true;
    });
  } catch (error) {
    // The first fault is told, and not that nothing could be deleted either.
    const isClean = await clean().then(
      () => true,
      () => false,
    );
    const fault = toFault(error);
    throw isClean ? fault : withHint(fault, left);
  }
  await clean().catch((error: unknown) => {
    throw withHint(error, left);
  });
  return result;
}

function toFault(error: unknown): unknown {
  return error instanceof LoadFailed ? new KeyholdError("unavailable", error.message, {}, { cause: error }) : error;
}

interface Around {
  readonly host: Host;
  /** Called once there may be keys. */
  readonly begun: () => void;
  readonly signal: AbortSignal;
}

async function measureAll(bench: Bench, { host, begun, signal }: Around): Promise<readonly Figures[]> {
  const { remote, prefix, keys, seconds, valueBytes } = bench;
  const target = targetOf(new URL(remote.url));
  const place = { fields: fieldsOf(remote), writeFields: WRITE_FIELDS, path: "/keys/", prefix } as const;
  const dialect = makeKeyholdDialect(place, new ValuePool(valueBytes, SEED));
  const progress = makeProgress(host, "bench: fill");
  const seen = (done: number) => {
    begun();
    progress.update({ done, total: keys, bytes: done * valueBytes });
  };
  try {
    await fillOneByOne({ target, dialect, keys, seen, signal });
  } finally {
    progress.end();
  }
  const figures: Figures[] = [];
  for (const name of bench.workloads) {
    host.writeError(`keyhold: bench: ${name} for ${seconds} s\n`);
    const measured =
      name === FAN_OUT ? measureFanOut(bench, host, signal) : measureLoop(bench, { name, dialect, signal });
    figures.push(await measured);
  }
  return figures;
}

interface Loop {
  readonly name: string;
  readonly dialect: Dialect;
  readonly signal: AbortSignal;
}

async function measureLoop({ remote, connections, seconds, keys }: Bench, loop: Loop): Promise<Figures> {
  const next = workloadOf(loop.name).make(loop.dialect, { keys, seed: SEED });
  const endless = { requests: Number.POSITIVE_INFINITY, signal: loop.signal };
  const result = await runLoad({ ...endless, target: targetOf(new URL(remote.url)), connections, seconds, next });
  const { read, write } = result.latencies;
  const isMixed = read.count > 0 && write.count > 0;
  return {
    workload: loop.name,
    perSecond: result.requests / result.seconds,
    requests: result.requests,
    latencies: [
      ["all", allLatencies(result)],
      ...(isMixed
        ? ([
            ["reads", read],
            ["writes", write],
          ] as const)
        : []),
    ],
  };
}

async function measureFanOut(bench: Bench, host: Host, signal: AbortSignal): Promise<Figures> {
  const { remote, prefix, connections, seconds, valueBytes } = bench;
  const {
    events,
    seconds: taken,
    latencies,
  } = await runFanOut({
    url: new URL(remote.url),
    headers: remote.token === null ? {} : { [FIELD.authorization]: `Bearer ${remote.token}` },
    prefix,
    watchers: connections,
    writesPerSecond: WRITES_PER_SECOND,
    valueBytes,
    seconds,
    rest: host.rest,
    signal,
  });
  return { workload: FAN_OUT, perSecond: events / taken, requests: events, latencies: [["all", latencies]] };
}

/** Values are texts, and the answers to writes have no body. */
const WRITE_FIELDS = "Content-Type: text/plain\r\nPrefer: return=minimal\r\n";

function fieldsOf({ url, token }: Remote): string {
  return `Host: ${new URL(url).host}\r\n${token === null ? "" : `${FIELD.authorization}: Bearer ${token}\r\n`}`;
}
