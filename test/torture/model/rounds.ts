// A round: one sequence, drawn from the seed and its number, played; where an answer differs it is shrunk by playing shorter and
// plainer ones, each on keys of its own.
import fc from "fast-check";
import type { Command } from "./drafts.ts";
import { toLines } from "./lines.ts";
import { type Difference, play, type Stage } from "./play.ts";
import { sequences } from "./sequences.ts";

export interface Round {
  readonly round: number;
  readonly seed: number;
  /** Whether it has the store to itself, and so keys without a prefix. */
  readonly isAlone: boolean;
  /** Whether a difference is made as small as can be, and told with lines that repeat it. */
  readonly shrinks: boolean;
}

const SHRINK_MS_MAX = 30_000;

/** A sentence on the first difference; null where there was none. */
export async function playRound(
  stage: Omit<Stage, "prefix" | "name">,
  { round, seed, isAlone, shrinks }: Round,
): Promise<string | null> {
  let attempt = 0;
  let shrinkUntil = Number.POSITIVE_INFINITY;
  let least: { readonly commands: readonly Command[]; readonly difference: Difference } | null = null;
  const property = fc.asyncProperty(sequences, async (commands) => {
    if (performance.now() > shrinkUntil) return true;
    attempt++;
    const name = `r${round}x${attempt}x`;
    const difference = await play({ ...stage, name, prefix: isAlone ? "" : name }, commands);
    if (difference !== null) {
      if (least === null) shrinkUntil = performance.now() + SHRINK_MS_MAX;
      least = { commands, difference };
    }
    return difference === null;
  });
  const details = await fc.check(property, {
    seed: drawsOf(seed, round),
    numRuns: 1,
    endOnFailure: !shrinks,
  });
  if (details.failed && least === null) throw details.errorInstance;
  return describe(least, { round, shrinks });
}

/** fast-check takes 32 bits. */
function drawsOf(seed: number, round: number): number {
  return (Math.imul(seed, 0x9e3779b1) + Math.imul(round, 0x85ebca6b)) | 0;
}

function describe(
  found: { readonly commands: readonly Command[]; readonly difference: Difference } | null,
  { round, shrinks }: Pick<Round, "round" | "shrinks">,
): string | null {
  if (found === null) return null;
  const { commands, difference } = found;
  const { ask, what, index } = difference;
  const place = index === commands.length ? "at its end" : `at command ${index + 1} of ${commands.length}`;
  const sentence = `Sequence ${round}, ${place}, ${ask.method} ${ask.target}: ${what}`;
  return shrinks ? [sentence, ...toLines(commands)].join("\n") : sentence;
}
