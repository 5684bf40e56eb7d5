// What a token may be given, and when it counts no more.
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { tokenOf } from "../../test/support/token-records.ts";
import { toEpochMs } from "./expiry.ts";
import { LIMITS } from "./limits.ts";
import { endedAt, makeGrant } from "./token.ts";

const ASKED = { name: "ci", scopes: ["read"], prefixes: [], expiresAt: null };

describe("a grant", () => {
  test("has its scopes once, in the order of the table", () => {
    expect(makeGrant({ ...ASKED, scopes: ["watch", "read", "watch"] }).scopes).toEqual(["read", "watch"]);
  });

  test("has its prefixes in key order, without those that another holds", () => {
    const prefixes = ["b/x", "\u{1f600}", "a", "\uffff", "b/", "a"];
    expect(makeGrant({ ...ASKED, prefixes }).prefixes).toEqual(["a", "b/", "\uffff", "\u{1f600}"]);
  });

  test("has as many prefixes as the limit, and not one more", async () => {
    const some = (count: number) => Array.from({ length: count }, (_, index) => `p${String(index).padStart(3, "0")}`);
    expect(makeGrant({ ...ASKED, prefixes: some(LIMITS.tokenPrefixes) }).prefixes).toHaveLength(LIMITS.tokenPrefixes);
    const refused = await rejectionOf(() => makeGrant({ ...ASKED, prefixes: some(LIMITS.tokenPrefixes + 1) }));
    expect(refused?.detail).toBe("Cannot give a token 17 prefixes, limit 16");
  });

  // Compared each with each, these would take minutes.
  test("refuses hundreds of thousands of prefixes as soon as it refuses 17", async () => {
    const prefixes = Array.from({ length: 300_000 }, (_, index) => `p${String(index).padStart(6, "0")}`);
    expect((await rejectionOf(() => makeGrant({ ...ASKED, prefixes })))?.detail).toContain("limit 16");
  });

  const good = [
    { name: "n".repeat(LIMITS.tokenNameBytes) },
    { name: "Zoë's laptop" },
    { prefixes: ["p".repeat(LIMITS.keyBytes)] },
    { prefixes: [".."] },
    { scopes: ["admin", "metrics"] },
  ];
  test.each(good)("may be %j", (changed) => {
    expect(() => makeGrant({ ...ASKED, ...changed })).not.toThrow();
  });

  const bad = [
    ["name", { name: "" }],
    ["name", { name: "  " }],
    ["name", { name: "n".repeat(LIMITS.tokenNameBytes + 1) }],
    ["name", { name: "a\u001b[2J" }],
    ["scopes", { scopes: [] }],
    ["scopes", { scopes: ["read", "reed"] }],
    ["scopes", { scopes: ["all"] }],
    ["prefixes", { prefixes: ["a", ""] }],
    ["prefixes", { prefixes: ["p".repeat(LIMITS.keyBytes + 1)] }],
    ["prefixes", { prefixes: ["a\0"] }],
    ["prefixes", { prefixes: ["\ud800"] }],
    ["scopes", { scopes: ["admin"], prefixes: ["a"] }],
  ] as const;
  test.each(bad)("is refused for its %s: %j", async (parameter, changed) => {
    const refused = await rejectionOf(() => makeGrant({ ...ASKED, ...changed }));
    expect(refused).toMatchObject({ code: "invalid-parameter", data: { parameter } });
  });
});

describe("a token ends", () => {
  const at = toEpochMs(1000);
  test("at its instant, exactly", () => {
    const token = tokenOf("a", { expiresAt: at });
    expect(endedAt(token, toEpochMs(999))).toBeNull();
    expect(endedAt(token, at)).toBe(at);
  });

  test("when it is revoked, whatever its instant", () => {
    expect(endedAt(tokenOf("a", { expiresAt: at, revokedAt: toEpochMs(5) }), toEpochMs(0))).toBe(toEpochMs(5));
  });

  test("never, if neither", () => {
    expect(endedAt(tokenOf("a"), toEpochMs(LIMITS.latestInstantMs))).toBeNull();
  });
});
