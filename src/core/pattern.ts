// Listing patterns (contract §6): `$` or `?` is exactly one character, a Unicode code point; `*` any run, also an empty
// one; `\` takes the next character literally. The whole key must match. Matching is linear in the key for each `*` at
// worst, so no pattern can hold the server: the classic two-pointer walk returns only to the latest `*`.
import { KeyholdError } from "./errors.ts";
import { keyBytes } from "./key.ts";
import { LIMITS } from "./limits.ts";
import { quote } from "./quote.ts";

/** Plain data, so that it can be handed to another thread. Made by parsePattern() alone. */
export interface KeyPattern {
  readonly steps: readonly PatternStep[];
  /** What every matching key begins with; lets engines look at no other keys. */
  readonly prefix: string;
}

/** A literal character, exactly one of any, or any run. */
export type PatternStep = { readonly literal: string } | "one" | "run";

/** @throws "invalid-parameter" when empty, longer than LIMITS.patternBytes, or ending in a lone `\` */
export function parsePattern(text: string): KeyPattern {
  if (text === "") throw invalidPattern(text, "it is empty; leave it out to mean every key");
  if (keyBytes(text) > LIMITS.patternBytes) throw invalidPattern(text, `limit ${LIMITS.patternBytes} bytes`);
  const steps: PatternStep[] = [];
  const characters = Array.from(text);
  for (let index = 0; index < characters.length; index++) {
    const character = characters[index] ?? "";
    if (character === "\\") {
      const next = characters[++index];
      if (next === undefined) throw invalidPattern(text, 'it ends in a lone "\\"; write "\\\\" for a backslash');
      steps.push({ literal: next });
    } else if (character === "*") {
      if (steps.at(-1) !== "run") steps.push("run");
    } else {
      steps.push(character === "$" || character === "?" ? "one" : { literal: character });
    }
  }
  return { steps, prefix: literalPrefix(steps) };
}

export function matches(pattern: KeyPattern, key: string): boolean {
  const { steps } = pattern;
  const characters = Array.from(key);
  let step = 0;
  let position = 0;
  let runStep = -1;
  let runPosition = 0;
  while (position < characters.length) {
    const expected = steps[step];
    if (expected === "run") {
      runStep = step++;
      runPosition = position;
    } else if (expected !== undefined && (expected === "one" || expected.literal === characters[position])) {
      step++;
      position++;
    } else if (runStep >= 0) {
      step = runStep + 1;
      position = ++runPosition;
    } else {
      return false;
    }
  }
  while (steps[step] === "run") step++;
  return step === steps.length;
}

function literalPrefix(steps: readonly PatternStep[]): string {
  let prefix = "";
  for (const step of steps) {
    if (typeof step === "string") break;
    prefix += step.literal;
  }
  return prefix;
}

function invalidPattern(text: string, rule: string): KeyholdError {
  return new KeyholdError("invalid-parameter", `Cannot use filter=${quote(text)}: ${rule}`, {
    parameter: "filter",
  });
}
