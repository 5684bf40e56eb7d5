// The contract of Store (src/store/store.ts), a test for each of its sentences. Every engine runs all of it; what it
// promises less of stands in its capabilities, and changes what is expected here, never whether it runs.
import { describe, expect, test } from "bun:test";
import { EVERY_KEY } from "../../src/core/range.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import { commit, keyOf, mustCommit, put } from "../support/requests.ts";
import { type MakeStore, withStore } from "../support/store-harness.ts";
import { changesSuite } from "./changes.suite.ts";
import { commitsSuite } from "./commits.suite.ts";
import { editsSuite } from "./edits.suite.ts";
import { endingsSuite } from "./endings.suite.ts";
import { listingsSuite } from "./listings.suite.ts";
import { onceSuite } from "./once.suite.ts";
import { readsSuite } from "./reads.suite.ts";
import { tokensSuite } from "./tokens.suite.ts";

export function storeSuite(name: string, make: MakeStore): void {
  describe(name, () => {
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

      test("say what a batch holds together: any keys, or those of one partition", async () => {
        await withStore(make, async ({ store }) => {
          const names = Array.from({ length: 50 }, (_, index) => `k${index}`);
          const partitions = new Set(names.map((name) => store.partitionOf(keyOf(name))));
          if (store.capabilities.atomicity === "store") expect(partitions.size).toBe(1);
          const tagged = names.map((name) => store.partitionOf(keyOf(`${name}{tag}${name}`)));
          expect(new Set(tagged).size).toBe(1);
          const code = await rejectionCode(() => commit(store, ...names.map((name) => put(name))));
          expect(code).toBe(partitions.size === 1 ? null : "cross-partition");
          expect(await store.count(EVERY_KEY)).toBe(partitions.size === 1 ? names.length : 0);
          await mustCommit(store, ...names.map((name) => put(`${name}{tag}${name}`)));
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
    editsSuite(make);
    onceSuite(make);
    endingsSuite(make);
    changesSuite(make);
    tokensSuite(make);
  });
}
