// Mutated requests: to the parser in memory, compared with Node's; on sockets, to a whole server.
import { tellsMemory } from "../../support/process-memory.ts";
import type { Method, Run } from "../method.ts";
import { fuzzParser } from "./parser.ts";
import { fuzzSockets } from "./sockets.ts";

const ON_SOCKETS = { rounds: 4000, on: ["sockets"] } as const;

export const fuzz: Method = {
  name: "fuzz",
  summary: "Mutated requests, in memory beside Node's parser, and on sockets to a server that must outlive them",
  unit: "mutated requests",
  rounds: { short: 8000, long: 1_000_000 },
  variants: ["parser", "sockets"],
  plants: [
    {
      name: "faulty-parsers",
      summary: "sixteen parsers with a fault each",
      finds: /^A parser in which/,
      rounds: 20_000,
      on: ["parser"],
    },
    {
      name: "route-throws",
      summary: "what reads JSON throws, once in fifty times",
      finds: /answered 500|HTTP\/1\.1 500|The log tells of a fault/,
      ...ON_SOCKETS,
    },
    {
      name: "memory-leaks",
      summary: "the server keeps memory for each piece that comes",
      finds: /memory grew/,
      ...ON_SOCKETS,
    },
    {
      name: "request-hangs",
      summary: "the server passes over a piece in fifty",
      finds: /without an answer|neither answered/,
      ...ON_SOCKETS,
    },
    {
      name: "server-ends",
      summary: "the server ends without a word",
      finds: /no longer served|ended with|took no connection|without an answer/,
      ...ON_SOCKETS,
    },
    { name: "answer-torn", summary: "an answer stops in the middle", finds: /is no HTTP|is not whole/, ...ON_SOCKETS },
  ],
  lacks: (variant) =>
    variant === "sockets" && !tellsMemory
      ? "It reads what /proc tells of a process, which is there on Linux alone."
      : null,
  run: (run: Run) => (run.variant === "parser" ? fuzzParser(run) : fuzzSockets(run)),
};
