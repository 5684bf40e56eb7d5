// How long what is not an entry is kept, and how often the engine tidies up.
import { duration, size, wholeNumber } from "../formats.ts";
import { MiB, option } from "../option.ts";

export const UPKEEP = {
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
};
