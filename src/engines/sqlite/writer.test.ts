// How the writer groups requests and what a fault of one does to the others.
import { describe, expect, test } from "bun:test";
import { statfsSync } from "node:fs";
import { add, append, check, endsIn, keyOf, keySet, put, remove, touch } from "../../../test/support/requests.ts";
import { type WriterUnderTest, withWriter } from "../../../test/support/sqlite-writer.ts";
import { tokenOf } from "../../../test/support/token-records.ts";
import { type Mutation, makeBatch, UNNAMED } from "../../core/batch.ts";
import { KeyholdError } from "../../core/errors.ts";
import { toEpochMs } from "../../core/expiry.ts";
import { EVERY_KEY } from "../../core/range.ts";
import type { TokenRecord } from "../../core/token.ts";
import type { WriteAnswer, WriteRequest } from "./messages.ts";
import { GROUP_BOUNDS } from "./writer.ts";

const MiB = 1024 * 1024;

function requestOf(...mutations: readonly Mutation[]): WriteRequest {
  return { kind: "commit", batch: makeBatch(mutations), ...UNNAMED };
}

function outcomeOf(answer: WriteAnswer | undefined): string {
  if (answer?.kind === "committed") return answer.result.committed ? "committed" : "conflict";
  return answer?.kind === "failed" ? answer.error.code : (answer?.kind ?? "nothing");
}

function sizes(groups: readonly (readonly WriteAnswer[])[]): readonly number[] {
  return groups.map((answers) => answers.length);
}

/** Lets the database grow by so many pages and no more. */
function leavePages({ db }: WriterUnderTest, pages: number): void {
  const { page_count } = db.prepare<{ page_count: number }, []>("pragma page_count").get() ?? { page_count: 0 };
  db.run(`pragma max_page_count = ${page_count + pages}`);
}

describe("a group of requests", () => {
  test("shares one transaction, and each sees the ones before it", async () => {
    await withWriter(({ apply, value }) => {
      const first = put("a", "1", { when: [{ is: "absent" }] });
      const groups = apply([
        requestOf(first),
        requestOf(first),
        requestOf(put("a", "2", { when: [{ is: "present" }] })),
      ]);
      expect(sizes(groups)).toEqual([3]);
      expect(groups.flat().map(outcomeOf)).toEqual(["committed", "conflict", "committed"]);
      expect(value(keyOf("a"))).toBe("2");
    });
  });

  test("of none is answered by nothing", async () => {
    await withWriter(({ apply }) => {
      expect(apply([])).toEqual([]);
    });
  });

  test("ends with the request that meets the bound of operations", async () => {
    await withWriter(({ apply }) => {
      const requests = Array.from({ length: GROUP_BOUNDS.operations + 1 }, (_, index) =>
        requestOf(put(`k${index}`, "")),
      );
      expect(sizes(apply(requests))).toEqual([GROUP_BOUNDS.operations, 1]);
      const pairs = requests.slice(0, GROUP_BOUNDS.operations / 2 + 1).map(() => requestOf(check("a"), check("b")));
      expect(sizes(apply(pairs))).toEqual([GROUP_BOUNDS.operations / 2, 1]);
    });
  });

  test("ends with the request that meets the bound of bytes", async () => {
    await withWriter(({ apply }) => {
      const large = requestOf(put("a", new Uint8Array(GROUP_BOUNDS.bytes / 4)));
      expect(sizes(apply([large, large, large, large, large]))).toEqual([4, 1]);
      const oneByteLess = requestOf(put("a", new Uint8Array(GROUP_BOUNDS.bytes / 4 - 1)));
      expect(sizes(apply([oneByteLess, large, large, large, large]))).toEqual([5]);
    });
  });

  test("ends when its time is up", async () => {
    await withWriter(({ apply, steadyMs }) => {
      // Read once when a transaction begins and once after each request.
      steadyMs.splice(0, 1, 0, 10, GROUP_BOUNDS.ms - 1, GROUP_BOUNDS.ms, 100, 101);
      expect(sizes(apply([1, 2, 3, 4].map((name) => requestOf(put(`k${name}`)))))).toEqual([3, 1]);
    });
  });

  test("ends after a deletion of many", async () => {
    await withWriter(({ apply, value }) => {
      const groups = apply([
        requestOf(put("a")),
        { kind: "delete-all", set: EVERY_KEY, once: null },
        requestOf(put("b")),
      ]);
      expect(sizes(groups)).toEqual([2, 1]);
      expect(groups.flat().map(outcomeOf)).toEqual(["committed", "deleted", "committed"]);
      expect([value(keyOf("a")), value(keyOf("b"))]).toEqual([null, "b"]);
    });
  });

  test("is on the reader's side before it is answered", async () => {
    await withWriter(({ writer, value }) => {
      let seen: string | null = null;
      writer.applyGroup([requestOf(put("a", "1"))], () => {
        seen = value(keyOf("a"));
      });
      expect<string | null>(seen).toBe("1");
    });
  });
});

describe("a group", () => {
  test("ends at the bytes that edits come to, not at those that they were asked with", async () => {
    await withWriter(({ apply }) => {
      const large = new Uint8Array(3 * MiB);
      apply(["a", "b", "c", "d"].map((name) => requestOf(put(name, large))));
      const appends = ["a", "b", "c", "d"].map((name) => requestOf(append(name, "end", "x", { maxBytes: 4 * MiB })));
      expect(sizes(apply(appends))).toEqual([3, 1]);
    });
  });
});

describe("a request that fails by itself", () => {
  test("leaves nothing where it is a transaction that reads what is damaged, and is made when it is whole", async () => {
    await withWriter(({ apply, value, db, writer }) => {
      apply([requestOf(put("damaged", "old"), put("n", "1"))]);
      db.run("update entries set value = x'00' where key = x'64616d61676564'");
      const once = { id: "0".repeat(64), fingerprint: "1".repeat(64), at: toEpochMs(0) };
      const reading = makeBatch([put("a"), add("n", 1), check("damaged", [], "after")]);
      const named = [{ kind: "commit", batch: reading, ...UNNAMED, once }] as const;
      expect(apply(named).flat().map(outcomeOf)).toEqual(["damaged-entry"]);
      expect([value(keyOf("a")), value(keyOf("n"))]).toEqual([null, "1"]);
      expect(writer.figures).toEqual({ entries: 2, revision: 1, sequence: 2, records: 0, recordBytes: 0 });
      apply([requestOf(put("damaged", "new"))]);
      expect(apply(named).flat().map(outcomeOf)).toEqual(["committed"]);
      expect(value(keyOf("n"))).toBe("2");
    });
  });

  test("does not take the others of its group with it", async () => {
    await withWriter((parts) => {
      const { apply, value, db, writer } = parts;
      apply([requestOf(put("damaged", "old"))]);
      db.run("update entries set value = x'00' where key = x'64616d61676564'");
      const taking = requestOf(remove("damaged", { want: "before" }));
      const groups = apply([requestOf(put("a")), taking, requestOf(put("b"))]);
      expect(sizes(groups)).toEqual([3]);
      expect(groups.flat().map(outcomeOf)).toEqual(["committed", "damaged-entry", "committed"]);
      expect([value(keyOf("a")), value(keyOf("b"))]).toEqual(["a", "b"]);
      expect(writer.figures).toMatchObject({ entries: 3, revision: 3, sequence: 3 });
      expect(parts.fatalReasons).toEqual([]);
    });
  });

  test("takes no revision and leaves nothing, also where a later mutation of it fails", async () => {
    await withWriter(({ apply, value, db, writer }) => {
      apply([requestOf(put("damaged", "old"))]);
      db.run("update entries set value = x'00' where key = x'64616d61676564'");
      const [answers] = apply([requestOf(put("a"), remove("damaged", { want: "before" }))]);
      expect(answers?.map(outcomeOf)).toEqual(["damaged-entry"]);
      expect(value(keyOf("a"))).toBeNull();
      expect(writer.figures).toEqual({ entries: 1, revision: 1, sequence: 1, records: 0, recordBytes: 0 });
    });
  });
});

describe("a store that is full", () => {
  test("answers no-room to what does not fit, and to nothing else of its group", async () => {
    await withWriter((parts) => {
      const { apply, value, writer } = parts;
      apply([requestOf(put("old", new Uint8Array(20_000))), requestOf(put("kept", "kept"))]);
      leavePages(parts, 3);
      const groups = apply([
        requestOf(put("small", "small")),
        requestOf(put("large", new Uint8Array(MiB))),
        requestOf(remove("old")),
        requestOf(touch("kept", endsIn(86_400_000))),
      ]);
      // Rolled back as a group, then each by itself.
      expect(groups.flat().map(outcomeOf)).toEqual(["committed", "no-room", "committed", "committed"]);
      expect(["small", "large", "old", "kept"].map((name) => value(keyOf(name)))).toEqual([
        "small",
        null,
        null,
        "kept",
      ]);
      expect(writer.figures).toEqual({ entries: 2, revision: 4, sequence: 5, records: 0, recordBytes: 0 });
      expect(parts.fatalReasons).toEqual([]);
    });
  });

  test("takes writes again once there is room", async () => {
    await withWriter((parts) => {
      const { apply, db } = parts;
      leavePages(parts, 3);
      const large = requestOf(put("large", new Uint8Array(MiB)));
      expect(apply([large]).flat().map(outcomeOf)).toEqual(["no-room"]);
      expect(db.inTransaction).toBe(false);
      db.run("pragma max_page_count = 100000");
      expect(apply([large]).flat().map(outcomeOf)).toEqual(["committed"]);
    });
  });

  test("takes no further access token, and revokes those that there are", async () => {
    const full = {
      grant() {
        throw new KeyholdError("no-room", "Full");
      },
    };
    await withWriter(
      ({ apply }) => {
        const ask = (record: TokenRecord) => apply([{ kind: "put-token", record, forgottenId: null }]).flat();
        expect(ask(tokenOf("a"))).toMatchObject([{ kind: "failed", error: { code: "no-room" } }]);
        expect(ask(tokenOf("a", { revokedAt: toEpochMs(1) }))).toEqual([{ kind: "token-put" }]);
      },
      { reserve: full },
    );
  });

  test("can be emptied", async () => {
    await withWriter((parts) => {
      const { apply } = parts;
      apply([1, 2, 3].map((name) => requestOf(put(`k${name}`, new Uint8Array(50_000)))));
      leavePages(parts, 0);
      expect(
        apply([requestOf(put("more", new Uint8Array(50_000)))])
          .flat()
          .map(outcomeOf),
      ).toEqual(["no-room"]);
      const deleting: WriteRequest = { kind: "delete-all", set: keySet({ prefix: "k" }), once: null };
      expect(apply([deleting]).flat()).toMatchObject([{ kind: "deleted", result: { deleted: 3 } }]);
      expect(
        apply([requestOf(put("more", new Uint8Array(50_000)))])
          .flat()
          .map(outcomeOf),
      ).toEqual(["committed"]);
    });
  });

  test("refuses puts that would reach into the disk's reserve, and takes everything else", async () => {
    const { bavail, bsize } = statfsSync(".");
    await withWriter(
      ({ apply }) => {
        const answers = apply([
          requestOf(put("a", "")),
          requestOf(remove("a")),
          requestOf(check("a")),
          requestOf(touch("a", endsIn(1000))),
          { kind: "delete-all", set: EVERY_KEY, once: null },
        ]).flat();
        expect(answers.map(outcomeOf)).toEqual(["no-room", "committed", "committed", "committed", "deleted"]);
      },
      { reserveBytes: 1000 * bavail * bsize + 2 ** 50 },
    );
  });
});

describe("named requests on a disk that is full", () => {
  test("may not leave values behind in their records, but may delete", async () => {
    let isFull = false;
    await withWriter(
      ({ apply, writer, value }) => {
        apply([requestOf(put("a", "1"), put("b", "2"), put("c", "3"))]);
        isFull = true;
        const name = (digit: number) => ({
          id: String(digit).repeat(64),
          fingerprint: "f".repeat(64),
          at: toEpochMs(0),
        });
        const named = (digit: number, ...mutations: readonly Mutation[]): WriteRequest => ({
          kind: "commit",
          batch: makeBatch(mutations),
          ...UNNAMED,
          once: name(digit),
        });
        const answers = apply([
          named(1, remove("a", { want: "before" })),
          named(2, remove("a"), check("b", [], "after")),
          named(3, check("b", [], "after")),
          named(4, remove("b")),
          named(5, touch("c", endsIn(1000))),
          { kind: "delete-all", set: EVERY_KEY, once: name(6) },
        ]).flat();
        expect(answers.map(outcomeOf)).toEqual([
          "no-room",
          "no-room",
          "committed",
          "committed",
          "committed",
          "deleted",
        ]);
        expect(value(keyOf("a"))).toBeNull();
        expect(writer.figures.records).toBe(3);
      },
      {
        reserve: {
          grant() {
            if (isFull) throw new KeyholdError("no-room", "The disk is full");
          },
        },
      },
    );
  });
});

describe("a writer that has failed", () => {
  test("answers everything as unavailable, and says why once", async () => {
    await withWriter(({ apply, writer, value, fatalReasons }) => {
      apply([requestOf(put("a", "1"))]);
      writer.fail("The disk is gone");
      writer.fail("The disk is gone again");
      const answers = apply([
        requestOf(put("a", "2")),
        requestOf(remove("a")),
        { kind: "delete-all", set: EVERY_KEY, once: null },
      ]);
      expect(answers.flat().map(outcomeOf)).toEqual(["unavailable", "unavailable", "unavailable"]);
      expect(value(keyOf("a"))).toBe("1");
      expect(writer.sweep(10)).toBe(0);
      expect(fatalReasons).toEqual(["The disk is gone"]);
    });
  });

  test("has failed where the system cannot say how much room the disk has", async () => {
    const grant = () => void statfsSync("/nowhere/at/all");
    await withWriter(
      ({ apply, writer, fatalReasons }) => {
        expect(
          apply([requestOf(put("a")), requestOf(put("b"))])
            .flat()
            .map(outcomeOf),
        ).toEqual(["unavailable", "unavailable"]);
        expect(writer.hasFailed).toBe(true);
        expect(fatalReasons).toHaveLength(1);
      },
      { reserve: { grant } },
    );
  });

  test("has failed by a fault of the database other than a full one", async () => {
    await withWriter(({ apply, db, writer, fatalReasons }) => {
      db.run("drop table changes");
      const answers = apply([requestOf(put("a")), requestOf(put("b"))]).flat();
      expect(answers.map(outcomeOf)).toEqual(["unavailable", "unavailable"]);
      expect(fatalReasons).toHaveLength(1);
      expect(writer.hasFailed).toBe(true);
      expect(db.inTransaction).toBe(false);
    });
  });
});

describe("the state row", () => {
  test("says after each transaction what is known of the store", async () => {
    await withWriter(({ apply, db, clock, writer }) => {
      const read = () =>
        db.prepare<Record<string, unknown>, []>("select revision, sequence, entries, highest_instant from state").get();
      apply([requestOf(put("a"), put("b"))]);
      expect(read()).toEqual({ revision: 1, sequence: 2, entries: 2, highest_instant: clock.now() });
      clock.turn(5000);
      apply([requestOf(remove("b"))]);
      expect(read()).toEqual({ revision: 2, sequence: 3, entries: 1, highest_instant: clock.now() });
      expect(writer.figures).toEqual({ revision: 2, sequence: 3, records: 0, recordBytes: 0, entries: 1 });
    });
  });
});
