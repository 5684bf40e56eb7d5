// What one check of `keyhold doctor` has found, and what to do about it.

/** "skip" is what could not be looked at: neither good nor bad. */
export type Verdict = "ok" | "warn" | "fail" | "skip";

/** A sent format: docs/cli.md, "Doctor". */
export interface Finding {
  /** Stable, for programs: "disk-space". */
  readonly check: string;
  readonly verdict: Verdict;
  readonly detail: string;
  /** Null where there is nothing to do. */
  readonly cure: string | null;
}

export function ok(check: string, detail: string): Finding {
  return { check, verdict: "ok", detail, cure: null };
}

export function skip(check: string, detail: string, cure: string | null = null): Finding {
  return { check, verdict: "skip", detail, cure };
}

export function warn(check: string, detail: string, cure: string): Finding {
  return { check, verdict: "warn", detail, cure };
}

export function fail(check: string, detail: string, cure: string): Finding {
  return { check, verdict: "fail", detail, cure };
}

/** The finding of a check, or that it ended in an error. */
export async function looked(
  check: string,
  cure: string,
  look: () => Promise<Finding | readonly Finding[]> | Finding | readonly Finding[],
): Promise<readonly Finding[]> {
  try {
    return [await look()].flat();
  } catch (error) {
    return [fail(check, sentenceOf(error), cure)];
  }
}

export function sentenceOf(error: unknown): string {
  if (error instanceof Error && "detail" in error && typeof error.detail === "string") return error.detail;
  return error instanceof Error ? error.message : String(error);
}

/** Middle and longest of some times, as a sentence shows them. */
export function timesText(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${toMs(middle)} in the middle, ${toMs(sorted.at(-1) ?? 0)} at most`;
}

export function toMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : Math.round(ms)} ms`;
}
