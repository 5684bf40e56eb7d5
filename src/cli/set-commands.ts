// Rows of the table in commands.ts: what is done to many entries, and what waits for them.
import type { CommandRow } from "./command.ts";

export const SET_COMMANDS: readonly CommandRow[] = [
  {
    name: "list",
    aliases: ["ls"],
    group: "Many entries",
    summary: "List entries in key order: a table on a terminal, a key a line elsewhere",
    examples: [
      ["keyhold list", "everything"],
      ["keyhold list config/", "what begins so"],
      ["keyhold list --filter '*.json' --values", "a pattern; key, tab and value a line"],
      ["keyhold list --json | head -1", "a whole entry a line, for programs"],
      ["keyhold list --start b --end d --reverse --limit 10", "a range, from its end"],
    ],
    load: async () => (await import("./list.ts")).LIST,
  },
  {
    name: "count",
    aliases: [],
    group: "Many entries",
    summary: "Print how many entries there are",
    examples: [
      ["keyhold count", ""],
      ["keyhold count session/", "of those that begin so"],
    ],
    load: async () => (await import("./count.ts")).COUNT,
  },
  {
    name: "txn",
    aliases: [],
    group: "Many entries",
    summary: "Check, change and read several entries at one instant, all or nothing",
    examples: [
      ["keyhold txn --check to=exists --incr from=-10 --incr to=10", "a transfer"],
      ["keyhold txn --check master=absent --put master=me --get config", "a check that fails is exit code 4"],
      ['keyhold txn \'{"ops": [{"put": {"key": "a", "value": 1}}]}\'', "as the protocol writes it; also @FILE and -"],
    ],
    load: async () => (await import("./txn.ts")).TXN,
  },
  {
    name: "watch",
    aliases: [],
    group: "Waiting",
    summary: "Tell what changes, as it does, until it is stopped",
    examples: [
      ["keyhold watch", "every change from now on"],
      ["keyhold watch job/ --since snapshot --limit 2", "what there is, then what happens; ends after two"],
      ["keyhold watch --json", "a line of JSON for each"],
      ["keyhold watch config/ --exec 'systemctl reload app'", "a program for each: its value on standard input"],
      ["keyhold watch job/ --cursor-file place --exec ./work.sh", "goes on where it stopped, with no gap"],
    ],
    load: async () => (await import("./watch.ts")).WATCH,
  },
  {
    name: "wait",
    aliases: [],
    group: "Waiting",
    summary: "Wait until there is an entry, until it changes, or until it is gone",
    examples: [
      ["keyhold wait result --for 1m", "prints the value as soon as there is one; else exit code 124"],
      ["keyhold wait config --changed", "the next value"],
      ["keyhold wait lock --gone", "says nothing"],
    ],
    load: async () => (await import("./wait.ts")).WAIT,
  },
  {
    name: "lock",
    aliases: [],
    group: "Waiting",
    summary: "Run a command while holding a lock, which others wait for",
    examples: [
      ["keyhold lock deploy -- ./deploy.sh", "waits until it is free; ends with the command's exit code"],
      ["keyhold lock nightly --wait 0s -- ./report.sh", "exit code 4 if it is held"],
      ["keyhold lock db --ttl 10s -- sh -c 'migrate $KEYHOLD_LOCK_REVISION'", "with its fencing token"],
    ],
    load: async () => (await import("./lock.ts")).LOCK,
  },
];
