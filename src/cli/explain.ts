// `keyhold explain [CODE]`: the page of a problem, as the server shows it at /-/problems/CODE.

import { findNearest } from "../config/nearest.ts";
import { ERRORS } from "../core/errors.ts";
import { isErrorCode, problemMarkdown } from "../http/problem-text.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { EXIT } from "./exit-codes.ts";
import { addJsonFlag, DEFAULT_URL, isGiven } from "./flags.ts";
import { toTable } from "./table.ts";

export const EXPLAIN: CommandBody = {
  notes: "",
  declareFlags(command) {
    command.argument("[CODE]", "As a problem has it; without it, all of them");
    addJsonFlag(command);
  },
  run,
};

async function run({ command, host }: CommandContext): Promise<number> {
  const [code] = command.args;
  const isJson = isGiven(command, "json");
  if (code === undefined) {
    const all = Object.entries(ERRORS).map(([name, { title, retry }]) => ({ code: name, title, retry }));
    host.writeOut(isJson ? `${JSON.stringify(all, null, 2)}\n` : toTable(all.map((each) => [each.code, each.title])));
    return EXIT.ok;
  }
  if (!isErrorCode(code)) {
    const nearest = findNearest(code, Object.keys(ERRORS));
    host.writeError(
      `keyhold: There is no code ${JSON.stringify(code)}${nearest === null ? "" : `; did you mean ${nearest}?`}\n`,
    );
    return EXIT.notFound;
  }
  const { title, retry } = ERRORS[code];
  const page = problemMarkdown(code, DEFAULT_URL);
  host.writeOut(isJson ? `${JSON.stringify({ code, title, retry, page }, null, 2)}\n` : page);
  return EXIT.ok;
}
