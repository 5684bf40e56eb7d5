// PATCH by a form (contract §8): counters, appending, and when what they create ends. How a form renews an entry stands in
// expiry.suite.ts.
import { expect, test } from "bun:test";
import type { Http } from "../../support/http-client.ts";
import { expectProblem, fieldOf, nowMs, stateOf, untilAnswered } from "../../support/http-expectations.ts";
import type { WithServer } from "../../support/http-harness.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const JSON_TYPE = { "Content-Type": "application/json" };
const SHOWN = { Prefer: "return=representation" };
const SHORT_MAX = 1024;
/** With --max-value 2KiB. */
const LONG_MAX = 2048;

export function formPatchesSuite(withServer: WithServer): void {
  test("a counter that is full says when it ends", async () => {
    await withServer(async ({ http }) => {
      await http.patch("/a", "incr=1&max=1&expire_at=2099-01-01T00:00:00Z");
      const problem = expectProblem(await http.patch("/a", "incr=1&max=1&expire_new=60"), "out-of-range");
      expect(problem).toMatchObject({ value: 1, max: 1, expires_at: "2099-01-01T00:00:00.000Z" });
      expect(problem["detail"]).toEndWith("allowed is at most 1");
      expect(expectProblem(await http.patch("/b", "decr=1&min=0"), "out-of-range")).toMatchObject({ expires_at: null });
    });
  });

  test("incr answers 201 with the number and where it is, then 200 with the next", async () => {
    await withServer(async ({ http }) => {
      const first = await http.patch("/hits", "incr=1");
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, "1", "/hits"]);
      const second = await http.patch("/hits", "incr=41");
      expect([second.status, second.text, second.headers["location"]]).toEqual([200, "42", undefined]);
      expect(second.headers["content-type"]).toBe("application/json");
      expect(second.headers["content-length"] ?? "2").toBe("2");
      expect(Number(second.headers["revision"])).toBeGreaterThan(Number(first.headers["revision"]));
    });
  });

  test("incr answers the fields that a GET would, at either path", async () => {
    await withServer(async ({ http }) => {
      await http.patch("/hits", "incr=1&expire_new=60");
      for (const target of ["/hits", "/keys/hits"]) {
        const answer = await http.patch(target, "decr=2");
        const read = await http.get(target);
        expect(answer.text).toBe(read.text);
        for (const name of ["etag", "revision", "content-type", "ttl"]) {
          expect(`${name}: ${answer.headers[name]}`).toBe(`${name}: ${read.headers[name]}`);
        }
      }
    });
  });

  test("incr at /keys/ answers the pair: 201 with Location, then 200", async () => {
    await withServer(async ({ http }) => {
      const first = await http.patch("/keys/my%20hits", "incr=1");
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, '{"my hits": 1}', "/keys/my%20hits"]);
      const second = await http.patch("/keys/my%20hits", "incr=1");
      expect([second.status, second.text, second.headers["content-type"]]).toEqual([
        200,
        '{"my hits": 2}',
        "application/json",
      ]);
      expect(fieldOf(second, "etag")).toEndWith('-j"');
    });
  });

  test("decr counts down, a negative step the other way, and 0 is a step", async () => {
    await withServer(async ({ http }) => {
      const steps = ["decr=3", "incr=-4", "decr=-10", "incr=0", "decr=0", "incr=-0", "decr=3"];
      const shown: string[] = [];
      for (const step of steps) shown.push((await http.patch("/a", step)).text);
      expect(shown).toEqual(["-3", "-7", "3", "3", "3", "3", "0"]);
    });
  });

  test("initial is where a missing counter starts, and no other", async () => {
    await withServer(async ({ http }) => {
      expect((await http.patch("/a", "incr=1&initial=100")).text).toBe("101");
      expect((await http.patch("/a", "incr=1&initial=100")).text).toBe("102");
      expect((await http.patch("/b", "decr=1&initial=-0")).text).toBe("-1");
    });
  });

  test.each([
    ["5", "incr=1&max=6", "6"],
    ["5", "incr=1&max=5", null],
    ["5", "decr=1&min=4", "4"],
    ["5", "decr=1&min=5", null],
    // Beyond its bounds already: a step that leads back is as wrong as one that leads away, until it is within.
    ["9", "decr=1&max=5", null],
    ["9", "decr=4&max=5", "5"],
    [String(MAX - 1), "incr=1", String(MAX)],
    [String(MAX), "incr=1", null],
    [String(MAX), `incr=${MAX}`, null],
    [String(-MAX), "decr=1", null],
    [String(-MAX), `decr=${MAX}`, null],
    [String(-MAX), `incr=${MAX}`, "0"],
    [null, "incr=1&max=1", "1"],
    [null, "incr=1&max=0", null],
    [null, "decr=1&min=-1", "-1"],
    [null, "decr=1&min=0", null],
    [null, `incr=1&initial=${MAX}`, null],
    [null, `incr=0&initial=${MAX}`, String(MAX)],
    [null, "incr=0&initial=9&min=3&max=8", null],
    [null, "incr=0&min=1", null],
  ] as const)("a counter at %p, asked %s, comes to %p", async (value, form, sum) => {
    await withServer(async ({ http }) => {
      if (value !== null) await http.put("/a", value);
      const before = await stateOf(http);
      const answer = await http.patch("/a", form);
      if (sum === null) {
        expect(expectProblem(answer, "out-of-range")).toMatchObject({
          key: "a",
          value: expect.any(Number),
          min: expect.any(Number),
          max: expect.any(Number),
        });
        expect(await stateOf(http)).toBe(before);
      } else {
        expect(answer.text).toBe(sum);
      }
    });
  });

  test.each([
    "",
    "x",
    "1.0",
    "1e3",
    " 1",
    "1\n",
    "+1",
    "01",
    "-0",
    "9007199254740992",
    "0x10",
    "\ufeff1",
    '"1"',
    "[1]",
    "null",
  ])("incr on the value %j answers 409, and changes nothing", async (value) => {
    await withServer(async ({ http }) => {
      for (const headers of [{}, JSON_TYPE]) {
        await http.put("/a", value, headers);
        const before = await stateOf(http);
        const problem = expectProblem(await http.patch("/a", "incr=1"), "not-an-integer");
        expect(problem).toMatchObject({ key: "a", revision: expect.any(Number) });
        expectProblem(await http.patch("/keys/a", "decr=1&initial=5"), "not-an-integer");
        expect(await stateOf(http)).toBe(before);
      }
    });
  });

  test("a counter keeps the media type that it was put with", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", "7", { "Content-Type": "text/plain" });
      const answer = await http.patch("/a", "incr=1");
      expect([answer.text, answer.headers["content-type"]]).toEqual(["8", "text/plain"]);
      expect((await http.patch("/keys/a", "incr=1")).text).toBe('{"a": "9"}');
    });
  });

  test.each(["__proto__", "10", "constructor"])("%s is a counter as any", async (key) => {
    await withServer(async ({ http }) => {
      await http.patch(`/keys/${key}`, "incr=1");
      expect((await http.patch(`/keys/${key}`, "incr=1")).text).toBe(`{"${key}": 2}`);
      expect(await http.text("/keys")).toBe(`[{"${key}": 2}]`);
    });
  });

  test("100 connections that count at once see every number once", async () => {
    await withServer(async ({ http }) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => http.patch("/a", "incr=1")));
      const seen = answers.map(({ text }) => Number(text)).toSorted((one, other) => one - other);
      expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    });
  });

  test("append and prepend answer 201 with Location, then 204, and with Prefer the value", async () => {
    await withServer(async ({ http }) => {
      const first = await http.patch("/a", "append=b");
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, "", "/a"]);
      const second = await http.patch("/a", "prepend=a");
      expect([second.status, second.text, second.headers["location"]]).toEqual([204, "", undefined]);
      expect([second.headers["etag"], second.headers["revision"]]).toEqual([
        (await http.get("/a")).headers["etag"],
        (await http.get("/a")).headers["revision"],
      ]);
      const third = await http.patch("/a", "append=c", SHOWN);
      expect([third.status, third.text, third.headers["content-type"], third.headers["preference-applied"]]).toEqual([
        200,
        "abc",
        "text/plain; charset=utf-8",
        "return=representation",
      ]);
      const created = await http.patch("/new", "prepend=n", SHOWN);
      expect([created.status, created.text, created.headers["location"]]).toEqual([201, "n", "/new"]);
    });
  });

  test("append at /keys/ answers the pair", async () => {
    await withServer(async ({ http }) => {
      const first = await http.patch("/keys/a%2Fb", "append=x");
      expect([first.status, first.text, first.headers["location"]]).toEqual([201, '{"a/b": "x"}', "/keys/a/b"]);
      const second = await http.patch("/keys/a%2Fb", "append=%22%0A");
      expect([second.status, second.text]).toEqual([200, '{"a/b": "x\\"\\n"}']);
    });
  });

  test("append decodes the form, once, and nothing else", async () => {
    await withServer(async ({ http }) => {
      await http.patch("/a", "append=a+b%2Bc%20%25%26%3D=%EF%BB%BF%F0%9F%98%80&");
      expect(await http.text("/a")).toBe("a b+c %&==\ufeff\u{1f600}");
    });
  });

  test("append goes on bytes of any type, and what they are is seen anew", async () => {
    await withServer(async ({ http }) => {
      await http.put("/a", '{"a": ', JSON_TYPE);
      expect(await http.text("/keys/a")).toBe('{"a": "{\\"a\\": "}');
      await http.patch("/a", "append=1.0}");
      expect(await http.text("/keys/a")).toBe('{"a": {"a": 1.0}}');
      await http.put("/b", Uint8Array.of(0x80, 0x81));
      expect((await http.patch("/keys/b", "append=x")).text).toBe('{"b": {"$base64": "gIF4"}}');
    });
  });

  test("append reaches 1,024 bytes at the short path and --max-value at /keys/, and not a byte more", async () => {
    await withServer(
      async ({ http }) => {
        await http.put("/a", "é".repeat(SHORT_MAX / 2 - 1));
        expect((await http.patch("/a", "append=%C3%A9")).status).toBe(204);
        const before = await stateOf(http);
        const problem = expectProblem(await http.patch("/a", "prepend=x"), "value-too-large");
        expect(problem).toMatchObject({ key: "a", limit: SHORT_MAX, option: "--wide" });
        expect(await stateOf(http)).toBe(before);
        expect((await http.patch("/keys/a", `append=${"x".repeat(LONG_MAX - SHORT_MAX)}`)).status).toBe(200);
        const over = expectProblem(await http.patch("/keys/a", "append=x"), "value-too-large");
        expect(over).toMatchObject({ key: "a", limit: LONG_MAX, option: "--max-value" });
        expectProblem(await http.patch("/new", `append=${"x".repeat(SHORT_MAX + 1)}`), "value-too-large");
        expect((await http.patch("/new", `append=${"x".repeat(SHORT_MAX)}`)).status).toBe(201);
      },
      { "max-value": "2KiB" },
    );
  });

  test("a form is as long as the longest value may be, each byte of it escaped", async () => {
    await withServer(
      async ({ http }) => {
        const mebibyte = 1024 * 1024;
        const { status, text } = await http.patch("/keys/a", `append=${"%41".repeat(mebibyte)}`);
        expect([status, text.length]).toEqual([201, mebibyte + '{"a": ""}'.length]);
        const over = await http.patch("/keys/b", `append=${"%41".repeat(mebibyte + 10_000)}`);
        expect(expectProblem(over, "body-too-large")).toMatchObject({ limit: expect.any(Number) });
      },
      { "max-value": "1MiB" },
    );
  });

  test("expire_new holds where the request creates the entry, and not again", async () => {
    await withServer(async ({ http }) => {
      for (const form of ["incr=1", "append=x"]) {
        const key = `/${form.slice(0, 4)}`;
        expect((await http.patch(key, `${form}&expire_new=60`)).headers["ttl"]).toBe("60");
        expect((await http.patch(key, `${form}&expire_new=1000`)).headers["ttl"]).toBe("60");
        await http.patch(key, "persist=1");
        expect((await http.patch(key, `${form}&expire_new=60`)).headers["ttl"]).toBeUndefined();
      }
    });
  });

  test("a counter that has ended begins anew, with a new end", async () => {
    await withServer(async ({ http, step }) => {
      const count = () => http.patch("/a", "incr=1&expire_new=0.02");
      expect((await count()).status).toBe(201);
      const again = await untilAnswered(count, ({ status }) => status === 201, step);
      expect([again.text, again.headers["ttl"]]).toEqual(["1", "1"]);
    });
  });

  test("what counts and appends keeps the end that stands, unless it says another", async () => {
    await withServer(async ({ http }) => {
      const at = new Date(Math.floor((await nowMs(http)) / 1000) * 1000 + 3_600_000).toISOString();
      for (const form of ["incr=1", "append=1"]) {
        await http.put("/a?expire_in=60", "1");
        expect((await http.patch("/a", form)).headers["ttl"]).toBe("60");
        expect((await http.patch("/a", `${form}&expire_in=120`)).headers["ttl"]).toBe("120");
        expect((await http.patch("/a", form, { TTL: "30" })).headers["ttl"]).toBe("30");
        await http.patch("/a", `${form}&expire_at=${at}`);
        expect(JSON.parse(await http.text("/keys/a?meta")).expires_at).toBe(at);
        expect((await http.patch("/a", `${form}&persist=1`)).headers["ttl"]).toBeUndefined();
      }
    });
  });

  test("conditions are judged: 412 with what stands, and nothing changes", async () => {
    await withServer(async ({ http }) => {
      const put = await http.put("/a", "1");
      const [etag, revision] = [fieldOf(put, "etag"), Number(put.headers["revision"])];
      const before = await stateOf(http);
      for (const form of ["incr=1", "append=1", "expire_in=60"]) {
        for (const field of [{ "If-Match": '"other"' }, { "If-None-Match": "*" }, { "If-None-Match": etag }]) {
          const problem = expectProblem(await http.patch("/a", form, field), "precondition-failed");
          expect(problem).toMatchObject({ key: "a", revision });
        }
      }
      expect(await stateOf(http)).toBe(before);
      expect((await http.patch("/a", "incr=1", { "If-Match": etag })).text).toBe("2");
      expectProblem(await http.patch("/a", "incr=1", { "If-Match": etag }), "precondition-failed");
    });
  });

  test("of a missing entry, what could have created it answers 412, what could not 404", async () => {
    await withServer(async ({ http }) => {
      for (const target of ["/a", "/keys/a"]) {
        const present = { "If-Match": "*" };
        for (const form of ["incr=1", "append=x"]) {
          const problem = expectProblem(await http.patch(target, form, present), "precondition-failed");
          expect(problem).toMatchObject({ revision: null });
        }
        for (const form of ["expire_in=60", "persist=1", "expire_at=4000000000"]) {
          expectProblem(await http.patch(target, form, present), "not-found");
        }
      }
      expect(await http.text("/keys")).toBe("[]");
      expect((await http.patch("/a", "incr=1", { "If-None-Match": "*" })).status).toBe(201);
    });
  });

  malformedForms(withServer);
}

function malformedForms(withServer: WithServer): void {
  test.each([
    ["", "invalid-request", /expire_new/],
    ["&&", "invalid-request", /incr/],
    ["incr", "invalid-parameter", /"incr" is empty/],
    ["incr=", "invalid-parameter", /"incr" is empty/],
    ["append=", "invalid-parameter", /"append" is empty/],
    ["incr=one", "invalid-parameter", /incr="one".*2\^53/],
    ["incr=1.0", "invalid-parameter", /incr="1.0"/],
    ["incr=1e3", "invalid-parameter", /incr="1e3"/],
    ["incr=+1", "invalid-parameter", /incr=" 1"/],
    ["incr=0x1", "invalid-parameter", /incr/],
    ["incr=%D9%A1", "invalid-parameter", /incr/],
    [`incr=${MAX + 1}`, "invalid-parameter", /9007199254740992/],
    [`decr=-${MAX + 1}`, "invalid-parameter", /decr/],
    [`incr=1&max=${MAX + 1}`, "invalid-parameter", /max/],
    ["incr=1&initial=x", "invalid-parameter", /initial/],
    ["incr=1&min=2&max=1", "invalid-parameter", /min=2 and max=1/],
    ["incr=1&incr=1", "invalid-parameter", /2 times/],
    ["incr=1&decr=1", "invalid-request", /both incr and decr/],
    ["incr=1&append=x", "invalid-request", /both incr and append/],
    ["append=x&prepend=x", "invalid-request", /both append and prepend/],
    ["append=x&max=5", "invalid-parameter", /max.*incr and decr/],
    ["expire_in=5&min=5", "invalid-parameter", /min.*incr and decr/],
    ["expire_new=60", "invalid-parameter", /expire_new.*create/],
    ["incr=1&expire_new=0", "invalid-expiry", /expire_new="0"/],
    ["incr=1&expire_new=-1", "invalid-expiry", /expire_new="-1"/],
    ["incr=1&expire_new=5&expire_in=5", "invalid-expiry", /expire_new/],
    ["incr=1&expire_new=5&persist=1", "invalid-expiry", /persist/],
    ["incr=1&expire_in=5&persist=1", "invalid-expiry", /persist/],
    ["incr=1&persist=0", "invalid-parameter", /persist="0"/],
    ["incr=1&expire_at=1", "invalid-expiry", /past/],
    ["incr=1&by=1", "invalid-parameter", /"by".*incr/],
    ["incr=1&__proto__=1", "invalid-parameter", /__proto__/],
    ["append=%", "invalid-parameter", /escapes/],
    ["append=%ed%a0%80", "invalid-parameter", /UTF-8/],
  ] as const)("a PATCH of %j answers %s, says what is wrong, and changes nothing", async (form, code, detail) => {
    await withServer(async ({ http }) => {
      await http.put("/a", "1");
      const before = await stateOf(http);
      for (const target of ["/a", "/keys/a", "/new"]) {
        expect(expectProblem(await http.patch(target, form), code)["detail"]).toMatch(detail);
      }
      expect(await stateOf(http)).toBe(before);
    });
  });

  test("a form of bytes that are no UTF-8 is refused", async () => {
    await withServer(async ({ http }) => {
      const bytes = Buffer.concat([Buffer.from("append="), Buffer.of(0xff)]);
      const answer = await http.send("PATCH /a", bytes, { "Content-Type": "application/x-www-form-urlencoded" });
      expectProblem(answer, "invalid-request");
      expect(await http.text("/keys")).toBe("[]");
    });
  });

  test("what goes into the form is refused in the query, with a TTL beside an expiry too", async () => {
    await withServer(async ({ http }) => {
      await refusedInQuery(http);
      expectProblem(await http.patch("/a", "incr=1&expire_new=5", { TTL: "5" }), "invalid-expiry");
      expectProblem(await http.patch("/a", "incr=1&persist=1", { TTL: "5" }), "invalid-expiry");
      expect(await http.text("/keys")).toBe("[]");
    });
  });
}

async function refusedInQuery(http: Http): Promise<void> {
  for (const query of ["incr=1", "expire_in=60", "persist"]) {
    expectProblem(await http.patch(`/a?${query}`, "incr=1"), "invalid-parameter");
  }
}
