// `keyhold serve` and `keyhold config`: the commands that go by all options of the server.
import { Option } from "commander";
import { type LoadResult, loadConfig } from "../config/load.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { addConfigFlags, readConfigFlags } from "./config-flags.ts";
import { EXIT } from "./exit-codes.ts";
import { isGiven } from "./flags.ts";
import type { Host } from "./host.ts";
import { serve } from "./serve.ts";
import { toConfigJson, toConfigTable } from "./show-config.ts";

const NOTES = `
Each option can also be set in the environment (--max-value as KEYHOLD_MAX_VALUE) and in a TOML file named
by --config (max-value = "1MiB"). A flag wins over the environment, that over the file. Switches are turned
off by --no-NAME.`;

export const SERVE: CommandBody = { notes: NOTES, declareFlags: addConfigFlags, run: runServe };

export const CONFIG: CommandBody = {
  notes: NOTES,
  declareFlags(command) {
    command.addOption(new Option("--json", "Print JSON").helpGroup("Output:"));
    addConfigFlags(command);
  },
  run: runConfig,
};

async function runServe(context: CommandContext): Promise<number> {
  const loaded = load(context);
  if (loaded.is === "refused") return refuseConfig(loaded.problems, context.host);
  // Loaded here and not above, so that help and mistakes are answered without opening an engine.
  const { startServer } = await import("../compose.ts");
  return serve(loaded.config, context.host, startServer);
}

async function runConfig(context: CommandContext): Promise<number> {
  const loaded = load(context);
  if (loaded.is === "refused") return refuseConfig(loaded.problems, context.host);
  const isJson = isGiven(context.command, "json");
  context.host.writeOut(isJson ? toConfigJson(loaded.provenance) : toConfigTable(loaded.provenance));
  return EXIT.ok;
}

function load({ command, environment, host }: CommandContext): LoadResult {
  return loadConfig({ flags: readConfigFlags(command), environment, readFile: host.readFile });
}

function refuseConfig(problems: readonly string[], host: Host): number {
  host.writeError(problems.map((problem) => `keyhold: ${problem}\n`).join(""));
  return EXIT.config;
}
