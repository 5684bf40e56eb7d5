// The store that a command opens by itself: by the options of the server, from flags, environment and file, so that it is
// kept within the same limits; and the log of what it has to say meanwhile.
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/options.ts";
import { makeLog, type ProcessLog } from "../observe/log.ts";
import type { CommandContext } from "./command.ts";
import type { Host } from "./host.ts";
import { BadConfig } from "./run-command.ts";

/** @param flags - by option name, as text. @throws BadConfig with every problem */
export function loadStoreConfig(
  { environment, host }: Pick<CommandContext, "environment" | "host">,
  flags: Readonly<Record<string, string>>,
): Config {
  const loaded = loadConfig({ flags, environment, readFile: host.readFile });
  if (loaded.is === "refused") throw new BadConfig(loaded.problems);
  return loaded.config;
}

/** Warnings and errors as lines on standard error. */
export function makeCommandLog(host: Host): ProcessLog {
  return makeLog({
    format: "text",
    level: "warn",
    accessLog: false,
    write: host.writeError,
    errorFile: null,
    nowMs: host.nowMs,
    schedule: host.schedule,
  });
}
