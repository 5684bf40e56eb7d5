// The figures of docs/reliability.md, between its marks: a row for each report of a long run (test/torture/reports), the planted
// faults that were found beside, and the commands that make them. The rest of the page is written by hand.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Report, showFigure } from "../test/torture/judge-run.ts";
import { plantsOn } from "../test/torture/method.ts";
import { METHODS } from "../test/torture/methods.ts";
import { replacePart } from "./marked-part.ts";

const REPORTS = fileURLToPath(new URL("../test/torture/reports", import.meta.url));
const BEGIN = "<!-- Generated from test/torture/reports by scripts/generate.ts, down to the next mark. -->";

/** docs/reliability.md, as it stands but for the figures. @throws Error when the page has no marks */
export function renderReliability(page: string): string {
  const reports = readReports();
  return replacePart(page, BEGIN, renderFigures(reports));
}

/** @throws Error where one does not say what it is of */
function readReports(): readonly Report[] {
  const names = readdirSync(REPORTS).filter((name) => name.endsWith(".json"));
  return names.toSorted().map((name) => {
    const report: Report = JSON.parse(readFileSync(`${REPORTS}/${name}`, "utf8"));
    const isOfCommit = report.plant !== null || !report.commit.endsWith("+");
    if (isOfCommit && typeof report.program === "string") return report;
    throw new Error(`${name} is of sources that no commit has, or does not say what was run`);
  });
}

type Subject = Pick<Report, "method" | "variant">;

function renderFigures(reports: readonly Report[]): string {
  const subjects = METHODS.flatMap(({ name, variants }) =>
    (variants.length > 0 ? variants : [null]).map((variant) => ({ method: name, variant })),
  );
  const runOf = ({ method, variant }: Subject) =>
    reports.find((report) => report.plant === null && report.method === method && report.variant === variant);
  const long = subjects.map(runOf).filter((report) => report !== undefined);
  const rows = subjects.map((subject) => {
    const report = runOf(subject);
    return report === undefined ? `| ${nameOf(subject)} | not run | | | |` : renderRow(report, reports);
  });
  const machines = [...new Set(long.map(({ machine }) => machine))];
  const commands = long.map(
    (report) => `${commandOf(report)}  # ${report.startedAt.slice(0, 10)}, at ${report.commit}`,
  );
  return [
    `Measured on: ${machines.join("; ")}. Several methods ran at once, so times and rates tell of the machine, not of the server.`,
    "",
    "| Method | Rounds | Seen | Promises broken | Planted faults found |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    "The rounds above, with their seeds:",
    "",
    "```text",
    ...commands,
    "```",
  ].join("\n");
}

function renderRow(report: Report, all: readonly Report[]): string {
  const { method, variant, rounds, unit, seconds, figures, faults } = report;
  const seen = Object.entries(figures).map(([what, figure]) => `${what}: ${showFigure(figure)}`);
  const planted = all.filter((other) => other.method === method && other.variant === variant && other.plant !== null);
  const caught = planted.filter(({ verdict }) => verdict === "caught").length;
  // Of all that the method has: one that was not tried was not found.
  const plants = METHODS.filter(({ name }) => name === method).flatMap((each) => plantsOn(each, variant));
  const cells = [
    nameOf(report),
    `${showFigure(rounds)} ${unit}, ${showSeconds(seconds)}`,
    seen.join("; "),
    faults.length === 0 ? "none" : String(faults.length),
    planted.length === 0 ? `by the tests, ${plants.length}` : `${caught} of ${plants.length}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function nameOf({ method, variant }: Subject): string {
  return `[${method}](#${method})${variant === null ? "" : `, ${variant}`}`;
}

function showSeconds(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function commandOf({ method, variant, rounds, seed, program }: Report): string {
  const on = variant === null ? "" : ` --on ${/^[\w-]+$/.test(variant) ? variant : `'${variant}'`}`;
  const start = program === "sources" ? "" : `PROGRAM=${program} `;
  return `${start}npm run torture -- ${method}${on} --rounds ${rounds} --seed ${seed}`;
}
