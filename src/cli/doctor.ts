// `keyhold doctor`: checks a server, a store of this machine, or both, and says what to do about what is not well. A line for
// each check; what a check looks at stands in doctor/.
import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import type { CommandBody, CommandContext } from "./command.ts";
import { declareConfigFlag, declareOption, declareStoreAccessFlags } from "./config-flags.ts";
import type { Finding, Verdict } from "./doctor/finding.ts";
import { checkServer, isLocal } from "./doctor/server-checks.ts";
import { checkStoreOf } from "./doctor/store-place.ts";
import { EXIT } from "./exit-codes.ts";
import {
  addJsonFlag,
  addQuietFlag,
  addServerPlaceFlags,
  isGiven,
  readServerUrl,
  readToken,
  textFlag,
} from "./flags.ts";
import { makePaint, type Paint, type Style } from "./paint.ts";
import { runCommand } from "./run-command.ts";

export const DOCTOR: CommandBody = {
  notes: `
With --store the store is looked at, with --url the server; without either the server, and beside it the directory
./keyhold-data, where both are on this machine. Nothing is changed but an entry of its own, which is deleted again, and
a file in the store's directory, which is removed. Exit code 1 says that a check has failed; warnings leave it 0.`,
  declareFlags(command) {
    command
      .addOption(
        new Option("--store <STORE>", "A directory of this machine, sqlite:DIRECTORY, or on Valkey").helpGroup(
          "Store:",
        ),
      )
      .addOption(new Option("--backups <DIRECTORY>", "Where its backups should be").helpGroup("Store:"));
    declareStoreAccessFlags(command);
    declareOption(command, "promise");
    declareConfigFlag(command);
    addServerPlaceFlags(command);
    addJsonFlag(command);
    addQuietFlag(command);
  },
  run,
};

const DEFAULT_DIRECTORY = "keyhold-data";

function run(context: CommandContext): Promise<number> {
  const { command, environment, host } = context;
  return runCommand(host, async () => {
    const findings: Finding[] = [];
    const paint = makePaint(host.isTerminal, environment);
    const isJson = isGiven(command, "json");
    for await (const found of checksOf(context)) {
      findings.push(...found);
      if (!isJson)
        host.writeOut(
          found
            .filter((each) => isTold(each, command))
            .map((each) => toText(each, paint))
            .join(""),
        );
    }
    const counts = countVerdicts(findings);
    if (isJson) host.writeOut(`${JSON.stringify({ ...counts, checks: findings }, null, 2)}\n`);
    else
      host.writeOut(
        `${counts.ok} ok, ${counts.warn} to look at, ${counts.fail} failed, ${counts.skip} not looked at\n`,
      );
    return counts.fail > 0 ? EXIT.failure : EXIT.ok;
  });
}

async function* checksOf(context: CommandContext): AsyncGenerator<readonly Finding[]> {
  const { command, host } = context;
  const store = textFlag(command, "store");
  const clock = { nowMs: host.nowMs, tickMs: () => performance.now() };
  if (store === null || textFlag(command, "url") !== null) {
    const remote = { url: readServerUrl(context), token: readToken(context) };
    yield await checkServer(remote, clock);
    if (store === null && isLocal(remote) && existsSync(DEFAULT_DIRECTORY)) {
      yield await checkStoreOf(DEFAULT_DIRECTORY, context, clock);
    }
  }
  if (store !== null) yield await checkStoreOf(store, context, clock);
}

function isTold({ verdict }: Finding, command: Command): boolean {
  return !isGiven(command, "quiet") || verdict === "warn" || verdict === "fail";
}

const STYLES: Readonly<Record<Verdict, Style>> = { ok: "green", warn: "yellow", fail: "red", skip: "dim" };

function toText({ check, verdict, detail, cure }: Finding, paint: Paint): string {
  const line = `${paint(STYLES[verdict], verdict.padEnd(4))}  ${check.padEnd(11)}  ${detail}\n`;
  return cure === null ? line : `${line}${" ".repeat(19)}→ ${cure}\n`;
}

function countVerdicts(findings: readonly Finding[]): Readonly<Record<Verdict, number>> {
  const count = (verdict: Verdict) => findings.filter((each) => each.verdict === verdict).length;
  return { ok: count("ok"), warn: count("warn"), fail: count("fail"), skip: count("skip") };
}
