// Writes and sweeps that meet a flipped bit: no other entry goes or changes with it, whatever the damage makes of rows and indexes.
import { describe, expect, test } from "bun:test";
import { damageFile, hexOf, instantHex, replaceOnce } from "../../../test/support/octet-damage.ts";
import { endsIn, keyOf, keySet, put, remove, touch } from "../../../test/support/requests.ts";
import { type WriterUnderTest, withWriter } from "../../../test/support/sqlite-writer.ts";
import { type Mutation, makeBatch, UNNAMED } from "../../core/batch.ts";
import { KeyholdError } from "../../core/errors.ts";

/** Begins the cell of a key of three octets in the index of keys; its row number follows the key. */
const KEY_CELL = "031201";
/** Stands before the key in its row, where the value has one octet. */
const ROW = "0e";
/** Begins a cell of the index of ends; its row number follows the instant. */
const END_CELL = "030501";
const END_MS = 1000;

function outcome({ apply }: WriterUnderTest, mutation: Mutation): string {
  const [answer] = apply([{ kind: "commit", batch: makeBatch([mutation]), ...UNNAMED }]).flat();
  return answer?.kind === "failed" ? answer.error.code : (answer?.kind ?? "nothing");
}

function shownOf({ value }: WriterUnderTest, name: string): string | null {
  try {
    return value(keyOf(name));
  } catch (error) {
    if (error instanceof KeyholdError) return error.code;
    throw error;
  }
}

function damage(parts: WriterUnderTest, from: string, to: string): void {
  damageFile(parts, (hex) => replaceOnce(hex, from, to));
}

/** Rows 1 to 3: two that never end, and one that ends. */
async function withThree(body: (parts: WriterUnderTest) => void): Promise<void> {
  await withWriter((parts) => {
    for (const key of ["aa0", "aa1"]) expect(outcome(parts, put(key, "v"))).toBe("committed");
    expect(outcome(parts, put("ab0", "v", { expiry: endsIn(END_MS) }))).toBe("committed");
    body(parts);
  });
}

/** Sweeps behind the end, as often as upkeep might, and looks at what nobody has touched. */
function sweepBehindEnd(parts: WriterUnderTest): void {
  parts.clock.turn(END_MS + 1);
  const before = parts.writer.figures;
  for (let round = 0; round < 3; round++) expect(parts.writer.sweep(10)).toBe(0);
  expect(parts.writer.figures).toEqual(before);
  expect(parts.fatalReasons).toEqual([]);
}

describe("a sweep", () => {
  test("leaves the entry whose key a flipped bit has given to a row that has ended", async () => {
    await withThree((parts) => {
      damage(parts, `${ROW}${hexOf("ab0")}`, `${ROW}${hexOf("aa0")}`);
      sweepBehindEnd(parts);
      expect(outcome(parts, put("zz0", "v"))).toBe("committed");
      expect(["aa0", "aa1"].map((key) => shownOf(parts, key))).toEqual(["v", "v"]);
    });
  });

  test("leaves the entry to which a damaged index of ends leads", async () => {
    await withThree((parts) => {
      const end = instantHex(parts.clock.now() + END_MS);
      damage(parts, `${END_CELL}${end}03`, `${END_CELL}${end}02`);
      sweepBehindEnd(parts);
      expect(outcome(parts, put("zz0", "v"))).toBe("committed");
      expect(["aa0", "aa1"].map((key) => shownOf(parts, key))).toEqual(["v", "v"]);
    });
  });

  test("counts and logs nothing for a row whose key is nobody's, again and again", async () => {
    await withThree((parts) => {
      damage(parts, `${ROW}${hexOf("ab0")}`, `${ROW}${hexOf("xb0")}`);
      sweepBehindEnd(parts);
    });
  });

  test("goes on with others behind a damaged row, also once that is given an end of its own", async () => {
    await withThree((parts) => {
      const end = instantHex(parts.clock.now() + END_MS);
      damage(parts, `${END_CELL}${end}03`, `${END_CELL}${end}02`);
      sweepBehindEnd(parts);
      expect(outcome(parts, touch("aa1", endsIn(END_MS)))).toBe("committed");
      expect(outcome(parts, put("ac0", "w", { expiry: endsIn(END_MS) }))).toBe("committed");
      parts.clock.turn(END_MS + 1);
      expect(parts.writer.sweep(10)).toBe(2);
      expect(shownOf(parts, "aa0")).toBe("v");
    });
  });
});

describe("where the index of keys leads to another's row,", () => {
  for (const [what, mutation] of [
    ["a put", put("aa1", "w")],
    ["a deletion", remove("aa1")],
    ["a change of its end", touch("aa1", endsIn(5))],
  ] as const) {
    test(`${what} is refused, and the other entry stays`, async () => {
      await withThree((parts) => {
        damage(parts, `${KEY_CELL}${hexOf("aa1")}02`, `${KEY_CELL}${hexOf("aa1")}03`);
        expect(outcome(parts, mutation)).toBe("damaged-entry");
        expect(outcome(parts, put("zz0", "v"))).toBe("committed");
        expect(shownOf(parts, "ab0")).toBe("v");
        expect(parts.fatalReasons).toEqual([]);
      });
    });
  }

  test("the deletion of a whole set is refused, and deletes nothing", async () => {
    await withThree((parts) => {
      damage(parts, `${KEY_CELL}${hexOf("aa1")}02`, `${KEY_CELL}${hexOf("aa1")}03`);
      const set = keySet({ prefix: "aa" });
      const [answer] = parts.apply([{ kind: "delete-all", set, once: null }]).flat();
      expect(answer).toMatchObject({ kind: "failed", error: { code: "damaged-entry" } });
      expect(["aa0", "ab0"].map((key) => shownOf(parts, key))).toEqual(["v", "v"]);
    });
  });
});

describe("an entry whose end is damaged", () => {
  for (const [what, mutation, left] of [
    ["overwritten", put("ab0", "w"), "w"],
    ["deleted", remove("ab0"), null],
  ] as const) {
    test(`can be ${what}, and the server goes on`, async () => {
      await withThree((parts) => {
        const madeAt = parts.clock.now();
        // In its row, behind the instants of its making and of its change.
        const row = (end: number) => [madeAt, madeAt, end].map(instantHex).join("");
        damage(parts, row(madeAt + END_MS), row(madeAt + END_MS + 2 ** 20));
        expect(outcome(parts, mutation)).toBe("committed");
        expect(shownOf(parts, "ab0")).toBe(left);
        expect(parts.fatalReasons).toEqual([]);
      });
    });
  }
});
