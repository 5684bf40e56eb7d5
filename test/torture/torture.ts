// `npm run torture -- METHOD`: one method of breaking promises, for as many rounds as are asked for; without a method, the list. Ends
// with a table; exits 1 where a promise was broken or a planted fault was missed.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { isGood, judgeRun, type Report, showFigure, summarise } from "./judge-run.ts";
import { type Method, type Plant, plantsOn } from "./method.ts";
import { METHODS } from "./methods.ts";

/** What a run is asked for on the command line. */
interface Asked {
  readonly rounds?: number;
  readonly long?: boolean;
  readonly seed?: number;
  readonly on?: string;
  readonly plant?: string;
  readonly plants?: boolean;
  readonly reports?: string;
}

const SEED_END = 1_000_000;

const program = new Command("torture")
  .usage("METHOD [options]")
  .description(
    "Breaks the promises of docs/guarantees.md, or tries to. docs/reliability.md tells how each method does, and what it cannot show.",
  )
  .addHelpText(
    "after",
    "\nExit code 1: a promise was broken, a planted fault was missed, or a method lacks what it needs here.",
  )
  .showHelpAfterError();
for (const method of METHODS) addMethod(method);
addOptions(program.command("all").description("every method, one after the other"), null).action((asked: Asked) =>
  runAll(METHODS, asked),
);
await program.parseAsync(process.argv);

function addMethod(method: Method): void {
  const command = program.command(method.name).description(method.summary);
  addOptions(command, method).action((asked: Asked) => runAll([method], asked));
  if (method.plants.length > 0) {
    const rows = method.plants.map(({ name, summary, on }) => `  ${name}: ${summary}${on ? ` (on ${on})` : ""}`);
    command.addHelpText("after", `\nPlanted faults:\n${rows.join("\n")}`);
  }
}

/** @param method - null for all of them */
function addOptions(command: Command, method: Method | null): Command {
  const { variants, plants } = method ?? { variants: [], plants: [] };
  const [few, many] =
    method === null
      ? ["as many as in the tests", ""]
      : [`${showFigure(method.rounds.short)} ${method.unit}`, `: ${showFigure(method.rounds.long)}`];
  command
    .option("--rounds <number>", `how many; without it ${few}, and fewer or more with a plant`, readCount)
    .option("--long", `a long run, as behind the published figures${many}`)
    .option("--seed <number>", "of the draws; without it, one is drawn and printed", readCount)
    .option("--plants", "plant each fault in turn; each must be found")
    .option("--reports <directory>", "write what came of it there, a JSON file for each run");
  if (variants.length > 0)
    command.addOption(new Option("--on <variant>", "without it, each in turn").choices(variants));
  if (plants.length > 0) {
    const names = plants.map(({ name }) => name);
    command.addOption(new Option("--plant <name>", "plant this fault, which must be found").choices(names));
  }
  return command;
}

async function runAll(methods: readonly Method[], asked: Asked): Promise<void> {
  const reports: Report[] = [];
  let lacking = 0;
  for (const method of methods) {
    for (const variant of variantsOf(method, asked)) {
      const lack = method.lacks(variant);
      if (lack === null) reports.push(...(await runMethod(method, variant, asked)));
      else {
        lacking++;
        console.error(`${method.name}${variant === null ? "" : ` on ${variant}`} cannot run here. ${lack}`);
      }
    }
  }
  printTable(reports);
  process.exitCode = reports.every(isGood) && lacking === 0 ? 0 : 1;
}

function variantsOf(method: Method, { on }: Asked): readonly (string | null)[] {
  if (on !== undefined) return [on];
  return method.variants.length > 0 ? method.variants : [null];
}

async function runMethod(method: Method, variant: string | null, asked: Asked): Promise<readonly Report[]> {
  const reports: Report[] = [];
  for (const plant of plantsAsked(plantsOn(method, variant), asked)) {
    const rounds = asked.rounds ?? plant?.rounds ?? (asked.long ? method.rounds.long : method.rounds.short);
    const seed = asked.seed ?? Math.floor(Math.random() * SEED_END);
    console.log(
      `${method.name}: ${rounds} ${method.unit}, seed ${seed}${plant === null ? "" : `, with ${plant.name}`}`,
    );
    const say = (line: string) => console.log(`  ${line}`);
    const report = await judgeRun(method, { rounds, seed, variant, plant: plant?.name ?? null, say });
    console.log(summarise(report));
    for (const fault of report.faults) console.log(`  ${report.plant === null ? "BROKEN" : "found"}: ${fault}`);
    if (asked.reports !== undefined) writeReport(asked.reports, report);
    reports.push(report);
  }
  return reports;
}

function plantsAsked(plants: readonly Plant[], asked: Asked): readonly (Plant | null)[] {
  if (asked.plants) return plants;
  return asked.plant === undefined ? [null] : plants.filter(({ name }) => name === asked.plant);
}

function writeReport(directory: string, report: Report): void {
  mkdirSync(directory, { recursive: true });
  const parts = [report.method, report.variant, report.plant].filter((part) => part !== null);
  const name = parts.join("-").replaceAll(/[^a-z0-9-]+/g, "-");
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
}

function printTable(reports: readonly Report[]): void {
  console.log("\n| Method | On | Planted | Rounds | Verdict | Seen | Took |\n|---|---|---|---|---|---|---|");
  for (const { method, variant, plant, rounds, unit, verdict, figures, seconds } of reports) {
    const seen = Object.entries(figures).map(([what, figure]) => `${what}: ${showFigure(figure)}`);
    const cells = [method, variant ?? "", plant ?? "", `${showFigure(rounds)} ${unit}`, verdict, seen.join("; ")];
    console.log(`| ${cells.join(" | ")} | ${seconds} s |`);
  }
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count <= 0) throw new InvalidArgumentError(`${text} is no whole number above 0.`);
  return count;
}
