// What is sent again, what is not, and what is said in the end.
import { type ClientCase, collect, expectCode, expectEqual, expectTrue } from "../client-case.ts";

export const FAULT_CASES: readonly ClientCase[] = [
  {
    name: "a read is sent again after a cut, a cut answer, and what passes",
    async run({ db, faulty }) {
      await db.put("a", "x".repeat(100));
      for (const plan of [
        "cut-before",
        "cut-after",
        "cut-body-10",
        "busy-0",
        "html-502",
        "html-503,cut-before,html-504",
      ]) {
        const { db: flaky, requests } = faulty(plan);
        expectEqual((await flaky.getText("a"))?.length, 100);
        expectEqual((await requests()).length, plan.split(",").length + 1);
      }
    },
  },
  {
    name: "a named write whose answer is lost is made once, whatever it is",
    async run({ db, faulty }) {
      const named = { idempotencyKeys: true };
      const { db: flaky, names } = faulty("cut-after,busy-0,cut-after", named);
      expectEqual((await flaky.increment("n", 5)).value, 5);
      expectEqual(await db.getText("n"), "5");
      const [first, ...others] = await names();
      expectEqual([others.length, others.every((name) => name === first), (first ?? "").length], [3, true, 36]);
      expectEqual((await faulty("cut-after", named).db.create("lock", "mine"))?.isNew, true);
      expectEqual((await faulty("cut-after", named).db.take("lock"))?.text(), "mine");
      await faulty("cut-after").db.append("log", "line\n", { idempotencyKey: true });
      expectEqual(await db.getText("log"), "line\n");
      const ops = [{ delete: { key: "log" } }] as const;
      const done = await faulty("cut-after", named).db.transact({ ops });
      expectEqual(done.committed && done.results, [{ op: "delete", key: "log", isDeleted: true }]);
      expectEqual(await faulty("cut-after", named).db.deleteMany({ keys: ["n", "log"] }), 1);
    },
  },
  {
    name: "a write without a name is sent again where once is as good as twice",
    async run({ db, faulty }) {
      const flaky = faulty;
      await flaky("cut-after").db.put("a", "1");
      await flaky("cut-after").db.expire("a", 60_000);
      await flaky("cut-after").db.mergeJson("m", { x: 1 });
      expectEqual(await flaky("cut-after").db.putMany({ b: "2", c: 3 }), 2);
      expectEqual([await db.getText("a"), await db.getJson("m"), await db.getJson("c")], ["1", { x: 1 }, 3]);
      // The first has done it, and the second finds nothing.
      expectEqual([await flaky("cut-after").db.delete("a"), await db.has("a")], [false, false]);
    },
  },
  {
    name: "a write that may do harm twice is sent once, unless the server says that it has done nothing",
    async run({ db, faulty }) {
      const { etag } = await db.put("a", "1");
      const calls: readonly ((flaky: typeof db) => Promise<unknown>)[] = [
        (flaky) => flaky.increment("n"),
        (flaky) => flaky.append("log", "x"),
        (flaky) => flaky.put("a", "2", { ifMatch: etag }),
        (flaky) => flaky.create("lock", ""),
        (flaky) => flaky.take("a"),
        (flaky) => flaky.deleteMany({ keys: ["lock"] }),
      ];
      for (const call of calls) {
        const { db: flaky, requests } = faulty("pass,cut-after");
        // So that there is a connection that has been used: some runtimes send again on such by themselves.
        await flaky.get("a");
        await expectCode(call(flaky), "unreachable");
        expectEqual((await requests()).length, 2);
      }
      expectEqual([await db.getText("n"), await db.getText("log"), await db.has("lock")], ["1", "x", false]);
      expectEqual((await faulty("busy-0,busy-0").db.increment("n")).value, 2);
      await expectCode(faulty("html-503").db.increment("n"), "unexpected-answer");
      await expectCode(faulty("busy-0").db.deleteMany({ keys: ["n"] }), "busy");
    },
  },
  {
    name: "a write has the name that it is given",
    async run({ faulty }) {
      const named = faulty("");
      const idempotencyKey = crypto.randomUUID();
      await named.db.put("a", "1", { idempotencyKey });
      await named.db.put("a", "1");
      expectEqual(await named.names(), [idempotencyKey, null]);
      await expectCode(named.db.put("a", "2", { idempotencyKey }), "idempotency-key-reused");
    },
  },
  {
    name: "a body that is a stream is sent once",
    async run({ faulty }) {
      const { db, requests } = faulty("pass,cut-after");
      // So that there is a connection that has been used.
      await db.get("a");
      await expectCode(db.put("a", new Blob(["1"]).stream()), "unreachable");
      expectEqual((await requests()).length, 2);
    },
  },
  {
    name: "tries come to an end, and the last failure is told",
    async run({ faulty }) {
      const { db, requests } = faulty("busy-0,busy-0,busy-0,busy-0,busy-0", { retry: { tries: 3, baseMs: 1 } });
      const { status, retryAfterMs, requestId } = await expectCode(db.get("a"), "busy");
      expectEqual([status, retryAfterMs, requestId, (await requests()).length], [503, 0, "p", 3]);
    },
  },
  {
    name: "Retry-After is waited for, and where it is too long the caller is told at once",
    async run({ faulty }) {
      const { db, requests } = faulty("busy-1");
      const startedAt = performance.now();
      expectEqual(await db.get("a"), null);
      expectTrue(performance.now() - startedAt >= 950, "a second was waited for");
      expectEqual((await requests()).length, 2);
      const { db: patient, requests: seen } = faulty("busy-60");
      expectEqual((await expectCode(patient.get("a"), "busy")).retryAfterMs, 60_000);
      expectEqual((await seen()).length, 1);
    },
  },
  {
    name: "what does not pass is not sent again",
    async run({ faulty }) {
      for (const [plan, code] of [
        ["html-500", "unexpected-answer"],
        ["html-404", "unexpected-answer"],
        ["redirect", "unexpected-answer"],
      ] as const) {
        const { db, requests } = faulty(plan);
        await expectCode(db.get("a"), code);
        expectEqual((await requests()).length, 1);
      }
    },
  },
  {
    name: "a try has a limit of time, and the next one may be quicker",
    async run({ faulty }) {
      const { db, requests } = faulty("hang");
      expectEqual(await db.get("a", { timeoutMs: 1000 }), null);
      expectEqual((await requests()).length, 2);
      const { db: slow } = faulty("hang,hang", { timeoutMs: 40, retry: { tries: 2, baseMs: 1 } });
      const { detail, status } = await expectCode(slow.get("a"), "timeout");
      expectTrue(detail.includes("40 ms") && status === null, `the limit is named: ${detail}`);
    },
  },
  {
    name: "a signal ends a call, the pauses between its tries, and a listing, each with its reason",
    async run({ db, faulty }) {
      const left = new Error("left");
      const reasonOf = (asked: Promise<unknown>) =>
        asked.then(
          () => null,
          (error: unknown) => error === left,
        );
      const hanging = new AbortController();
      const call = reasonOf(faulty("hang").db.get("a", { signal: hanging.signal }));
      hanging.abort(left);
      const pausing = new AbortController();
      const pause = reasonOf(faulty("busy-1,busy-1").db.get("a", { signal: pausing.signal }));
      // Once the first answer has come, the second try is a second away.
      await db.get("a");
      pausing.abort(left);
      const listing = reasonOf(collect(db.list({ signal: AbortSignal.abort(left) })));
      expectEqual(await Promise.all([call, pause, listing]), [true, true, true]);
    },
  },
  {
    name: "pages of a listing are asked for again one by one",
    async run({ db, faulty }) {
      await db.putMany({ a: "1", b: "2", c: "3" });
      const { db: flaky, requests } = faulty("pass,cut-body-5,pass,busy-0");
      expectEqual(await collect(flaky.listKeys({ pageSize: 1 })), ["a", "b", "c"]);
      expectEqual((await requests()).length, 5);
    },
  },
  {
    name: "nobody there is told as such, by the address",
    async run({ api }) {
      const db = new api.Keyhold("http://127.0.0.1:1", { retry: { tries: 2, baseMs: 1 } });
      const { detail, status, cause } = await expectCode(db.get("a"), "unreachable");
      expectTrue(detail.includes("http://127.0.0.1:1") && status === null && cause !== undefined, "it is explained");
      expectEqual(await db.ready(), false);
      for (const url of ["", "keyhold", "ftp://x", "http://user:secret@host", "http://host/?token=x"]) {
        const made = (async () => new api.Keyhold(url))();
        const { detail: sentence } = await expectCode(made, "invalid-call");
        expectTrue(!sentence.includes("secret"), "no secret is repeated");
      }
    },
  },
];
