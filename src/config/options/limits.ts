// How much there may be of what takes memory or room.
import { LIMITS } from "../../core/limits.ts";
import { size, sizeOrAuto, wholeNumber, yesOrNo } from "../formats.ts";
import { MiB, option } from "../option.ts";

export const LIMIT_OPTIONS = {
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
  storeBytes: option(size({ least: 0, most: 1024 * 1024 * 1024 * MiB }), {
    name: "store-size",
    default: "0B",
    group: "Limits",
    help: "Room that entries may take on disk; beyond it, writes that add are answered 507. 0B for as much as the disk has",
  }),
  entryCacheBytes: option(sizeOrAuto({ least: 0, most: 65_536 * MiB }), {
    name: "entry-cache",
    default: "auto",
    group: "Limits",
    help: "Memory for answers to reads of entries in a store of this machine, values up to 16 KiB; auto for an eighth of the machine's, at most 1024MiB; 0B for none",
  }),
  connections: option(wholeNumber({ least: 10, most: 1_000_000 }), {
    name: "connections",
    default: "20000",
    group: "Limits",
    help: "Connections that may be open at once; one more is answered 503 and closed",
  }),
  requestsInFlight: option(wholeNumber({ least: 10, most: 1_000_000 }), {
    name: "requests-in-flight",
    default: "20000",
    group: "Limits",
    help: "Requests that may be under way at once, watchers included; one more is answered 503",
  }),
  addressRequests: option(wholeNumber({ least: 0, most: 1_000_000 }), {
    name: "address-requests",
    default: "0",
    group: "Limits",
    help: "Requests a second that one address may make, ten seconds' worth at once; more are answered 429. 0 for any number",
  }),
  addressBytes: option(size({ least: 0, most: 1024 * 1024 * MiB }), {
    name: "address-bytes",
    default: "0B",
    group: "Limits",
    help: "Bytes of bodies a second that one address may send and be sent, ten seconds' worth at once; 0B for any number",
  }),
  tokenRequests: option(wholeNumber({ least: 0, most: 1_000_000 }), {
    name: "token-requests",
    default: "0",
    group: "Limits",
    help: "Requests a second that may be made with one token, as --address-requests",
  }),
  tokenBytes: option(size({ least: 0, most: 1024 * 1024 * MiB }), {
    name: "token-bytes",
    default: "0B",
    group: "Limits",
    help: "Bytes of bodies a second that may be moved with one token, as --address-bytes",
  }),
};
