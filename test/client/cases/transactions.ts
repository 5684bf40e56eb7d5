// Several checks and operations in one commit.
import { type ClientCase, expectCode, expectEqual, expectTrue } from "../client-case.ts";

export const TRANSACTION_CASES: readonly ClientCase[] = [
  {
    name: "a transaction does all of its operations, and says what each did",
    async run({ db }) {
      await db.putMany({ from: 30, to: 5, gone: "x" });
      const done = await db.transact({
        checks: [{ key: "to", exists: true }],
        ops: [
          { increment: { key: "from", by: -10, min: 0 } },
          { increment: { key: "to", by: 10 } },
          { put: { key: "bytes", value: new Uint8Array([0xff]), contentType: "image/x", ttlMs: 60_000 } },
          { putJson: { key: "json", value: { $json: [1] } } },
          { delete: { key: "gone" } },
          { delete: { key: "never" } },
          { expire: { key: "none", ttlMs: 1000 } },
          { get: { key: "bytes" } },
        ],
      });
      if (!done.committed) throw new Error("It was refused");
      const shown = done.results.map((result) => {
        switch (result.op) {
          case "put":
            return [result.key, result.isNew];
          case "delete":
            return [result.key, result.isDeleted];
          case "increment":
            return [result.key, result.value];
          case "touch":
            return [result.key, result.isFound];
          default:
            return [result.key, result.entry?.value, result.entry?.contentType];
        }
      });
      expectEqual(shown, [
        ["from", 20],
        ["to", 15],
        ["bytes", true],
        ["json", true],
        ["gone", true],
        ["never", false],
        ["none", false],
        ["bytes", new Uint8Array([0xff]), "image/x"],
      ]);
      expectEqual([await db.getJson("json"), (await db.head("to"))?.revision], [{ $json: [1] }, done.revision]);
    },
  },
  {
    name: "a check that fails is an answer, with what stands",
    async run({ db }) {
      const { revision } = await db.put("a", "1");
      await db.put("json", '{"n":106242075399214372653}', { contentType: "application/json" });
      const refused = await db.transact({
        checks: [
          { key: "a", revision },
          { key: "a", absent: true },
          { key: "none", exists: true },
        ],
        ops: [{ put: { key: "a", value: "2" } }],
        else: ["a", "none"],
      });
      if (refused.committed) throw new Error("It was committed");
      expectEqual(refused.failed, [
        { check: 1, key: "a", revision },
        { check: 2, key: "none", revision: null },
      ]);
      expectEqual(
        refused.results.map((entry) => entry?.text() ?? null),
        ["1", null],
      );
      expectEqual(await db.getText("a"), "1");
    },
  },
  {
    name: "what a refused transaction reads keeps numbers of any length",
    async run({ db }) {
      const text = '{"n":106242075399214372653,"one":1.0}';
      await db.put("json", text, { contentType: "application/json" });
      const refused = await db.transact({ checks: [{ key: "a", exists: true }], ops: [], else: ["json"] });
      expectEqual(refused.committed ? null : refused.results.map((entry) => entry?.text() ?? null), [text]);
    },
  },
  {
    name: "an operation that does not fit changes nothing, and is named",
    async run({ db }) {
      const ops = [{ put: { key: "a", value: "1" } }, { increment: { key: "n", max: 0 } }] as const;
      const { data } = await expectCode(db.transact({ ops }), "out-of-range");
      expectEqual([data["operation"], await db.has("a")], [1, false]);
      await expectCode(db.transact({}), "invalid-json");
    },
  },
  {
    name: "touches in a transaction change when entries end",
    async run({ db }) {
      await db.put("a", "1");
      await db.put("b", "1", { ttlMs: 60_000 });
      const done = await db.transact({ ops: [{ expire: { key: "a", ttlMs: 500_000 } }, { persist: { key: "b" } }] });
      const [a, b] = done.committed ? done.results : [];
      expectTrue(a?.op === "touch" && (a.ttlMs ?? 0) > 490_000, "the first ends later");
      expectEqual(b?.op === "touch" && [b.isFound, b.expiresAt], [true, null]);
    },
  },
];
