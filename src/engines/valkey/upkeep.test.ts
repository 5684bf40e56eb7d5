// What a round of upkeep takes for a store that was emptied, and what it does not. The servers are played.
import { expect, test } from "bun:test";
import { rejectionCode } from "../../../test/support/rejection-code.ts";
import { Layout } from "./layout.ts";
import type { Reply } from "./reply.ts";
import { Upkeep } from "./upkeep.ts";

/** What a look at a partition without a revision is answered. */
const NEW: Reply = [0, null, null, null, 0, []];

interface Played {
  readonly upkeep: Upkeep;
  /** Answers the look that begin() asks for. */
  readonly answer: () => void;
  commit(): void;
}

function playUpkeep(hadRevision: boolean): Played {
  const looked = Promise.withResolvers<Reply>();
  let hasRevision = hadRevision;
  const unasked = () => Promise.reject(new RangeError("Not asked for here"));
  const upkeep = new Upkeep({
    servers: { read: unasked, write: unasked, readScript: () => looked.promise },
    partitions: new Layout("p", 1).partitions,
    prefix: "p",
    sweepIntervalMs: 60_000,
    historyAgeMs: 1,
    historyChanges: 1,
    idempotencyAgeMs: 1,
    description: "",
    onFigures: () => {},
    hasRevision: () => hasRevision,
    onSwept: () => {},
    onTrouble: () => {},
  });
  return {
    upkeep,
    answer: () => looked.resolve(NEW),
    commit() {
      hasRevision = true;
    },
  };
}

test("a first commit that is answered between a look and its answer does not make the store an emptied one", async () => {
  const { upkeep, answer, commit } = playUpkeep(false);
  const begun = upkeep.begin();
  commit();
  answer();
  await begun;
  await upkeep.stop();
});

test("a look that finds no revision where there was one before says that the store was emptied", async () => {
  const { upkeep, answer } = playUpkeep(true);
  const begun = rejectionCode(() => upkeep.begin());
  answer();
  expect(await begun).toBe("internal");
  await upkeep.stop();
});
