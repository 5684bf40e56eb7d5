// What a copy tells at its end, for people or as JSON, and its exit code.
import { EXIT } from "../exit-codes.ts";
import type { Host } from "../host.ts";
import { toBytesText } from "../progress.ts";
import type { Comparison, DifferenceKind } from "./compare.ts";
import type { CopyCounts } from "./copier.ts";

export interface CopyReport {
  readonly from: string;
  readonly to: string;
  /** Null where nothing was to be copied. */
  readonly copied: CopyCounts | null;
  /** Access tokens of FROM that TO has; null where they were left. */
  readonly tokens: number | null;
  readonly comparison: Comparison;
  readonly seconds: number;
  /** Whether entries that stood in TO were to stay, so that different ones are as they should be. */
  readonly keepsStanding: boolean;
}

const SAID: Readonly<Record<DifferenceKind, string>> = {
  missing: "is missing in TO",
  extra: "is in TO alone",
  different: "is different in TO",
};

/** Tells it on standard output. Returns the exit code: that of damage where the two sides differ. */
export function tellReport(
  report: CopyReport,
  { host, isJson }: { readonly host: Host; readonly isJson: boolean },
): number {
  const isSame = holdsTheSame(report);
  host.writeOut(isJson ? `${JSON.stringify({ ...report, same: isSame })}\n` : describe(report, isSame));
  return isSame ? EXIT.ok : EXIT.damaged;
}

function holdsTheSame({ comparison, keepsStanding }: CopyReport): boolean {
  const { missing, extra, different } = comparison.differences;
  return missing === 0 && extra === 0 && (different === 0 || keepsStanding);
}

function describe(report: CopyReport, isSame: boolean): string {
  const { from, to, comparison, keepsStanding } = report;
  const { source, target, differences, settled } = comparison;
  const lines = [`${describeWork(report)}; ${isSame ? "the same" : "different"}`];
  if (source.sha256 === target.sha256) {
    lines.push(`  both hold ${source.entries} entries with ${toBytesText(source.bytes)}, sha256 ${source.sha256}`);
  } else {
    for (const [name, side] of [[from, source] as const, [to, target] as const]) {
      lines.push(`  ${name}: ${side.entries} entries with ${toBytesText(side.bytes)}, sha256 ${side.sha256}`);
    }
  }
  if (settled > 0)
    lines.push(`  ${settled} entries were written or ended between the two readings, and are the same now`);
  for (const { kind, key } of comparison.shown) lines.push(`  ${JSON.stringify(key)} ${SAID[kind]}`);
  const count = differences.missing + differences.extra + differences.different;
  if (count > comparison.shown.length) lines.push(`  and ${count - comparison.shown.length} more`);
  if (count > 0 && isSame && keepsStanding)
    lines.push("  different entries stood in TO before, and stay as --on-conflict skip says");
  if (!isSame) lines.push(ADVICE);
  return `${lines.join("\n")}\n`;
}

const ADVICE =
  "  what is written to FROM while it is copied may be missed: stop the writes and copy again with --into-existing; of a store, --follow applies it";

function describeWork({ from, to, copied, tokens, seconds }: CopyReport): string {
  const time = `${seconds.toFixed(1)} s`;
  if (copied === null) return `${from} and ${to}: compared in ${time}`;
  const { imported, skipped, expired, bytes } = copied;
  return [
    `${from} to ${to}: ${imported} entries with ${toBytesText(bytes)} copied in ${time}`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(expired > 0 ? [`${expired} expired before`] : []),
    ...(tokens === null ? [] : [`${tokens} access tokens`]),
  ].join(", ");
}
