// The contract of Store (src/store/store.ts), a test for each of its sentences. Every engine runs all of it; what it
// promises less of stands in its capabilities, and changes what is expected here, never whether it runs.
import { describe, expect, test } from "bun:test";
import { type MakeStore, withStore } from "../support/store-harness.ts";
import { tallySuite } from "../support/suite-tally.ts";
import { changesSuite } from "./changes.suite.ts";
import { commitsSuite } from "./commits.suite.ts";
import { deletionsSuite } from "./deletions.suite.ts";
import { editsSuite } from "./edits.suite.ts";
import { endingsSuite } from "./endings.suite.ts";
import { listingsSuite } from "./listings.suite.ts";
import { onceSuite } from "./once.suite.ts";
import { partitionsSuite } from "./partitions.suite.ts";
import { readsSuite } from "./reads.suite.ts";
import { tokensSuite } from "./tokens.suite.ts";

export function storeSuite(name: string, make: MakeStore): void {
  describe(name, () => {
    tallySuite(`${name}: store suite`);
    describe("capabilities", () => {
      test("name what the engine promises", async () => {
        await withStore(make, async ({ store }) => {
          expect(["store", "partition"]).toContain(store.capabilities.atomicity);
          expect(["store", "partition"]).toContain(store.capabilities.order);
          expect(["snapshot", "per-entry"]).toContain(store.capabilities.reads);
          expect(["power-loss", "process-crash", "delegated", "none"]).toContain(store.capabilities.durability);
          expect(["one-commit", "page-by-page"]).toContain(store.capabilities.deletions);
          expect(["one", "many"]).toContain(store.capabilities.servers);
          expect(store.capabilities.promise).toMatch(/^(?:applied|fsync|replicated:[1-9]\d*(?:\+fsync)?)$/);
        });
      });

      test("an incarnation is letters and digits, as it goes into tags and cursors", async () => {
        await withStore(make, async ({ store }) => {
          expect(store.incarnation).toMatch(/^[a-z0-9]+$/);
        });
      });
    });

    readsSuite(make);
    listingsSuite(make);
    commitsSuite(make);
    partitionsSuite(make);
    deletionsSuite(make);
    editsSuite(make);
    onceSuite(make);
    endingsSuite(make);
    changesSuite(make);
    tokensSuite(make);
  });
}
