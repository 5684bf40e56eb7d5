// Runs a method once and says whether that went as it must: without a plant every promise kept, with one the fault found. What is
// known of the run and of the machine goes into a report, from which docs/reliability.md is made.

import { Database } from "bun:sqlite";
import { spawnSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { withTemporaryDirectory } from "../support/temporary-directory.ts";
import { FAULTS_MAX, type Findings, type Method, type Plant, type Run } from "./method.ts";

/** A stored format: test/torture/reports/*.json. */
export interface Report {
  readonly method: string;
  readonly variant: string | null;
  readonly plant: string | null;
  /** Whether promises were kept, or were broken; whether a plant was caught, or was missed. */
  readonly verdict: "kept" | "broken" | "caught" | "missed";
  readonly rounds: number;
  readonly unit: string;
  readonly seed: number;
  readonly figures: Findings["figures"];
  readonly faults: readonly string[];
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Of the sources; ends in "+" where some were changed. Empty where there is no git. */
  readonly commit: string;
  readonly machine: string;
  /** What was run as `keyhold`: "sources", or the executable of PROGRAM. */
  readonly program: string;
}

export type RunOptions = Pick<Run, "rounds" | "seed" | "variant" | "plant" | "say">;

/** A method that throws has not come to its end: a promise is taken for broken, and a plant for missed. */
export async function judgeRun(method: Method, options: RunOptions): Promise<Report> {
  const { rounds, seed, variant, plant } = options;
  const startedAt = new Date().toISOString();
  const begunAt = performance.now();
  let findings: Findings;
  let hasThrown = false;
  try {
    findings = await withTemporaryDirectory((directory) => method.run({ ...options, directory }));
  } catch (error) {
    hasThrown = true;
    findings = { figures: {}, faults: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
  }
  const { figures, faults } = findings;
  const { finds } = plant === null ? { finds: null } : plantOf(method, plant);
  const found = finds === null ? faults : faults.filter((fault) => finds.test(fault));
  return {
    method: method.name,
    variant,
    plant,
    verdict: verdictOf({ isPlanted: plant !== null, hasFound: found.length > 0, hasThrown }),
    rounds,
    unit: method.unit,
    seed,
    figures,
    // What was planted comes first.
    faults: [...new Set([...found, ...faults])].slice(0, FAULTS_MAX),
    startedAt,
    seconds: Math.round((performance.now() - begunAt) / 100) / 10,
    commit: sourceCommit(),
    machine: describeMachine(),
    program: process.env["PROGRAM"] || "sources",
  };
}

function plantOf({ name, plants }: Method, plant: string): Plant {
  const found = plants.find((each) => each.name === plant);
  if (found === undefined) throw new Error(`${name} has no plant ${plant}`);
  return found;
}

function verdictOf(run: { readonly isPlanted: boolean; readonly hasFound: boolean; readonly hasThrown: boolean }) {
  if (!run.isPlanted) return run.hasFound ? "broken" : "kept";
  return run.hasFound && !run.hasThrown ? "caught" : "missed";
}

export function isGood({ verdict }: Report): boolean {
  return verdict === "kept" || verdict === "caught";
}

/** One line: "kill: kept, 1,000 kills, seed 4711; 3,012,345 acknowledged writes, …". */
export function summarise({ method, variant, plant, verdict, rounds, unit, seed, figures, seconds }: Report): string {
  const subject = [
    method,
    ...(variant === null ? [] : [`on ${variant}`]),
    ...(plant === null ? [] : [`with ${plant}`]),
  ];
  const seen = Object.entries(figures).map(([what, figure]) => `${what}: ${showFigure(figure)}`);
  return `${subject.join(" ")}: ${verdict}, ${showFigure(rounds)} ${unit}, seed ${seed}, ${seconds} s; ${seen.join(", ")}`;
}

export function showFigure(figure: number | string): string {
  return typeof figure === "string" ? figure : figure.toLocaleString("en", { maximumFractionDigits: 2 });
}

function sourceCommit(): string {
  const git = (...args: readonly string[]) => spawnSync("git", args, { cwd: import.meta.dir, encoding: "utf8" });
  const { status, stdout } = git("rev-parse", "--short", "HEAD");
  if (status !== 0) return "";
  const isChanged = git("status", "--porcelain", "--untracked-files=no").stdout !== "";
  return `${stdout.trim()}${isChanged ? "+" : ""}`;
}

function describeMachine(): string {
  const db = new Database(":memory:");
  const sqlite = db.query<{ version: string }, []>("select sqlite_version() as version").get()?.version;
  db.close();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const [kernel = ""] = release().split("-");
  const processor = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`;
  return `${processor}, ${memory}, ${process.platform} ${kernel}, Bun ${Bun.version}, SQLite ${sqlite}`;
}
