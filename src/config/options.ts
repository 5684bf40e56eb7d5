// The options of the server, each declared once. The type Config, the flag (--max-value), the environment name
// (KEYHOLD_MAX_VALUE), the file entry (max-value), the help text, the reference page and the example file follow from
// this table. Where values come from stands in load.ts. Names are never changed after release.
import { z } from "zod";
import { LIMITS } from "../core/limits.ts";
import type { Format } from "./formats.ts";
import { choice, duration, errorLog, host, size, store, toSizeText, wholeNumber, yesOrNo } from "./formats.ts";

/** What is told of an option. */
interface OptionText {
  /** Kebab-case; flag, environment name and file entry are made from it. */
  readonly name: string;
  /** As it would be written by an operator. */
  readonly default: string;
  readonly group: OptionGroup;
  /** One sentence or more, without a full stop at the end. */
  readonly help: string;
}

export type OptionGroup = "Network" | "Store" | "Limits" | "Logs" | "History and upkeep";

export interface Option extends OptionText {
  /** The property of Config that holds the value. */
  readonly property: string;
  readonly flag: string;
  readonly environment: string;
  readonly allowed: string;
  readonly placeholder: string | null;
  readonly toml: "string" | "bare";
}

const MiB = 1024 * 1024;
const registry = z.registry<Omit<Option, "property">>();

/** Texts in, Config out; an issue's path is the property. Relations are looked at once every value is right by itself. */
export const CONFIG_SCHEMA = z
  .object({
    port: option(wholeNumber({ least: 0, most: 65535 }), {
      name: "port",
      default: "3000",
      group: "Network",
      help: 'Port to listen on; 0 picks a free one, which the line with "listening" names',
    }),
    host: option(host(), {
      name: "host",
      default: "127.0.0.1",
      group: "Network",
      help: "Address to listen on; 0.0.0.0 or :: for every one of this machine. Who reaches it can read and write",
    }),
    idleTimeoutMs: option(duration({ least: "1s", most: "255s" }), {
      name: "idle-timeout",
      default: "30s",
      group: "Network",
      help: "A connection on which nothing moves for this long is closed; counted in whole seconds",
    }),
    stopTimeoutMs: option(duration({ least: "0s", most: "60s" }), {
      name: "stop-timeout",
      default: "4s",
      group: "Network",
      help: "Time that running requests get to finish after SIGTERM or SIGINT",
    }),
    heartbeatMs: option(duration({ least: "100ms", most: "1h" }), {
      name: "heartbeat",
      default: "15s",
      group: "Network",
      help: "The longest that a watcher hears nothing; less than the idle time-out of any proxy in between",
    }),
    store: option(store(), {
      name: "store",
      default: "sqlite:./keyhold-data",
      group: "Store",
      help: "Where entries are kept: sqlite:DIRECTORY, a directory, or memory: for a store that ends with the process",
    }),
    durability: option(choice(["full", "relaxed"]), {
      name: "durability",
      default: "full",
      group: "Store",
      help: "full: a write is on stable storage before it is answered. relaxed: a power cut may take the last writes",
    }),
    diskReserveBytes: option(size({ least: 0, most: 1024 * 1024 * MiB }), {
      name: "disk-reserve",
      default: "32MiB",
      group: "Store",
      help: "Free space kept so that deletes and checkpoints always work; below it, writes that add are answered 507",
    }),
    allowNetworkFilesystem: option(yesOrNo(), {
      name: "allow-network-filesystem",
      default: "false",
      group: "Store",
      help: "Open a store on a network file system, whose locks and syncs may not hold what they promise",
    }),
    maxValueBytes: option(size({ least: 1024, most: LIMITS.valueCeilingBytes }), {
      name: "max-value",
      default: "1MiB",
      group: "Limits",
      help: "Largest value accepted at /keys, and with --wide everywhere",
    }),
    wide: option(yesOrNo(), {
      name: "wide",
      default: "false",
      group: "Limits",
      help: `Give /{key} the rules of /keys/{key}: any key, values up to --max-value instead of ${LIMITS.shortPathValueBytes} bytes`,
    }),
    queuedCommits: option(wholeNumber({ least: 1, most: 1_000_000 }), {
      name: "queued-commits",
      default: "10000",
      group: "Limits",
      help: "Writes that may wait for the writer; one more is answered 503",
    }),
    // A batch fills LIMITS.batchBytes; a smaller budget would answer it 503 for ever.
    bodyBudgetBytes: option(size({ least: LIMITS.batchBytes, most: 65_536 * MiB }), {
      name: "body-budget",
      default: "64MiB",
      group: "Limits",
      help: "Bytes of request bodies held in memory at once; beyond it, requests with a body are answered 503",
    }),
    watchers: option(wholeNumber({ least: 1, most: 1_000_000 }), {
      name: "watchers",
      default: "10000",
      group: "Limits",
      help: "Requests that may watch or wait at once; one more is answered 503",
    }),
    // A page of the log must fit, or a watcher that keeps up would seem to lie behind.
    watchBacklog: option(wholeNumber({ least: LIMITS.watchPageChanges, most: 1_000_000 }), {
      name: "watch-backlog",
      default: "10000",
      group: "Limits",
      help: "Changes that a watcher may lie behind before it is told bye; it can resume, from the change log",
    }),
    errorLog: option(errorLog(), {
      name: "error-log",
      default: "in-store",
      group: "Logs",
      help: "File that warnings and errors are also appended to; none for no file; in-store for error.log in the store's directory, which memory: does not have",
    }),
    errorLogBytes: option(size({ least: 64 * 1024, most: 1024 * MiB }), {
      name: "error-log-size",
      default: "10MiB",
      group: "Logs",
      help: "The error log is rotated before it grows beyond this",
    }),
    errorLogKeptFiles: option(wholeNumber({ least: 0, most: 100 }), {
      name: "error-log-keep",
      default: "5",
      group: "Logs",
      help: "Rotated error logs that are kept: error.log.1 is the youngest",
    }),
    logFormat: option(choice(["auto", "json", "text"]), {
      name: "log-format",
      default: "auto",
      group: "Logs",
      help: "How log lines are written; auto is text on a terminal, else json",
    }),
    logLevel: option(choice(["debug", "info", "warn", "error"]), {
      name: "log-level",
      default: "info",
      group: "Logs",
      help: "Least important events that are logged",
    }),
    accessLog: option(yesOrNo(), {
      name: "access-log",
      default: "false",
      group: "Logs",
      help: "Write a line for each request to standard output, whatever the log level",
    }),
    // The contract promises that an expired entry is removed within a second.
    sweepIntervalMs: option(duration({ least: "10ms", most: "1s" }), {
      name: "sweep-interval",
      default: "250ms",
      group: "History and upkeep",
      help: "Time between two looks for expired entries to remove; they are invisible from their instant on in any case",
    }),
    historyAgeMs: option(duration({ least: "1m", most: "365d" }), {
      name: "history-age",
      default: "24h",
      group: "History and upkeep",
      help: "How long the change log of a store on disk keeps a change",
    }),
    historyChanges: option(wholeNumber({ least: 1000, most: 1_000_000_000 }), {
      name: "history-changes",
      default: "1000000",
      group: "History and upkeep",
      help: "Changes that the log keeps at most, however young; a store in memory trims it when it has twice as many",
    }),
    idempotencyAgeMs: option(duration({ least: "1m", most: "365d" }), {
      name: "idempotency-age",
      default: "24h",
      group: "History and upkeep",
      help: "How long a write with an Idempotency-Key is remembered, and answered instead of being done again",
    }),
    idempotencyBytes: option(size({ least: MiB, most: 1024 * 1024 * MiB }), {
      name: "idempotency-size",
      default: "4096MiB",
      group: "History and upkeep",
      help: "Room that what is remembered of such writes may take; one with another key is refused with 503 until older ones are forgotten",
    }),
  })
  .superRefine((config, context) => {
    if (config.bodyBudgetBytes >= config.maxValueBytes) return;
    const message = `expected at least --max-value, which is ${toSizeText(config.maxValueBytes)}`;
    context.addIssue({ code: "custom", path: ["bodyBudgetBytes"], message });
  })
  .readonly();

/** The settings a server runs with. Frozen; instants and sizes in the unit that ends the name. */
export type Config = z.output<typeof CONFIG_SCHEMA>;

/** Every option, in the order of help and reference. */
export const OPTIONS: readonly Option[] = Object.entries(CONFIG_SCHEMA.def.innerType.shape).flatMap(
  ([property, schema]) => {
    const text = registry.get(schema);
    return text === undefined ? [] : [{ ...text, property }];
  },
);

function option<T>(format: Format<T>, text: OptionText): z.ZodType<T, string> {
  return format.schema.register(registry, {
    ...text,
    flag: `--${text.name}`,
    environment: `KEYHOLD_${text.name.replaceAll("-", "_").toUpperCase()}`,
    allowed: format.allowed,
    placeholder: format.placeholder,
    toml: format.toml,
  });
}
