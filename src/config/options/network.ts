// Where the server listens, and how long a connection may rest.
import { LIMITS } from "../../core/limits.ts";
import { choice, duration, fileOrNone, host, size, threads, wholeNumber } from "../formats.ts";
import { MiB, option } from "../option.ts";

export const NETWORK = {
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
    help: "Address to listen on; 0.0.0.0 or :: for every one of this machine, which needs a token (keyhold token create) or --insecure-public",
  }),
  unixSocket: option(fileOrNone(), {
    name: "unix-socket",
    default: "none",
    group: "Network",
    help: "Unix socket to listen on as well, for this machine's own programs; its directory says who may reach it",
  }),
  tlsCert: option(fileOrNone(), {
    name: "tls-cert",
    default: "none",
    group: "Network",
    help: "Certificate chain (PEM) to serve HTTPS with, read again at SIGHUP; needs --tls-key",
  }),
  tlsKey: option(fileOrNone(), {
    name: "tls-key",
    default: "none",
    group: "Network",
    help: "Private key (PEM) of --tls-cert, read again at SIGHUP",
  }),
  transport: option(choice(["keyhold", "bun"]), {
    name: "transport",
    default: "keyhold",
    group: "Network",
    help: "Whose HTTP/1.1 is spoken: Keyhold's own, or that of Bun, for comparison, which keeps neither --head-timeout nor --transfer-rate nor --connections",
  }),
  workers: option(threads(LIMITS.workers), {
    name: "workers",
    default: "1",
    group: "Network",
    help: "Threads that serve the port, each on a core of its own where there are as many; auto for one a core. More than one needs a store on this machine's disk and Keyhold's own transport",
  }),
  headTimeoutMs: option(duration({ least: "100ms", most: "255s" }), {
    name: "head-timeout",
    default: "10s",
    group: "Network",
    help: "Time that the head of a request may take to arrive; beyond it, 408",
  }),
  transferRate: option(size({ least: 0, most: 1024 * MiB }), {
    name: "transfer-rate",
    default: "1KiB",
    group: "Network",
    help: "Bytes a second at which a body must arrive and an answer be taken, on average, once --idle-timeout is over; 0B for any",
  }),
  idleTimeoutMs: option(duration({ least: "1s", most: "255s" }), {
    name: "idle-timeout",
    default: "30s",
    group: "Network",
    help: "A connection on which nothing moves for this long is closed; Bun's transport counts whole seconds",
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
};
