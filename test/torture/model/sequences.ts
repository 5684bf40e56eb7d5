// Sequences of commands, drawn to a fixed length, and shrunk by fast-check: first whole stretches are left out, then single commands
// are made plainer.
import fc from "fast-check";
import { badCollection, badEdit, badJson, badKey, badPair, badTransaction, badWrite } from "./bad-commands.ts";
import { again, create, follow, list, mergeSeveral, putPairs, removeSet, transact } from "./collection-commands.ts";
import type { Command } from "./drafts.ts";
import * as entry from "./entry-commands.ts";

export const COMMANDS = 100;

/** In how many of all draws. Deletions of sets are seldom, as they end what makes other commands meet. */
const SHARES: readonly (readonly [weight: number, arbitrary: fc.Arbitrary<Command>])[] = [
  [20, entry.read],
  [5, entry.onlyConditions],
  [14, entry.put],
  [8, entry.putPair],
  [5, entry.remove],
  [9, entry.editByForm],
  [3, entry.countAgain],
  [4, entry.touch],
  [4, entry.mergePatch],
  [4, entry.jsonPatch],
  [4, entry.putObject],
  [0.5, entry.shortLife],
  [0.5, entry.shorten],
  [10, list],
  [3, create],
  [4, putPairs],
  [3, mergeSeveral],
  [2, removeSet],
  [8, transact],
  [5, again],
  [4, follow],
  [4, badWrite],
  [1, badPair],
  [1, badJson],
  [2, badEdit],
  [1, badKey],
  [2, badCollection],
  [1, badTransaction],
];

const command = fc.oneof(...SHARES.map(([share, arbitrary]) => ({ weight: share * 2, arbitrary })));

type Drawn = fc.Value<Command>;

class Sequences extends fc.Arbitrary<readonly Command[]> {
  override generate(random: fc.Random, bias: number | undefined): fc.Value<readonly Command[]> {
    return toValue(Array.from({ length: COMMANDS }, () => command.generate(random, bias)));
  }

  override canShrinkWithoutContext(_: unknown): _ is readonly Command[] {
    return false;
  }

  override shrink(_: readonly Command[], context: unknown): fc.Stream<fc.Value<readonly Command[]>> {
    return isDrawn(context) ? fc.stream(shrunk(context)) : fc.Stream.nil();
  }
}

export const sequences: fc.Arbitrary<readonly Command[]> = new Sequences();

function toValue(drawn: readonly Drawn[]): fc.Value<readonly Command[]> {
  return new fc.Value(
    drawn.map(({ value }) => value),
    drawn,
  );
}

function isDrawn(context: unknown): context is readonly Drawn[] {
  return Array.isArray(context) && context.every((each) => each instanceof fc.Value);
}

function* shrunk(drawn: readonly Drawn[]): Generator<fc.Value<readonly Command[]>> {
  for (let length = Math.ceil(drawn.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    // From the end, as what comes behind the command that failed is never needed.
    for (let start = drawn.length - length; start > -length; start -= length) {
      yield toValue(drawn.toSpliced(Math.max(0, start), length + Math.min(0, start)));
    }
  }
  for (const [index, each] of drawn.entries()) {
    for (const simpler of command.shrink(each.value, each.context)) yield toValue(drawn.toSpliced(index, 1, simpler));
  }
}
