// Parameters read by name, at the bounds of what each reader takes.
import { describe, expect, test } from "bun:test";
import { rejectionCode } from "../../test/support/rejection-code.ts";
import { Parameters } from "./parameters.ts";

const MAX = Number.MAX_SAFE_INTEGER;

describe("signedInteger", () => {
  const read = (text: string) => new Parameters([["n", text]]).signedInteger("n");

  test.each([
    ["0", 0],
    ["-0", 0],
    ["+0", 0],
    ["7", 7],
    ["+7", 7],
    ["-7", -7],
    ["007", 7],
    [String(MAX), MAX],
    [String(-MAX), -MAX],
    ["0000000000000001", 1],
  ])("%s is %d", (text, value) => {
    expect(Object.is(read(text), value)).toBe(true);
  });

  test.each([
    "",
    " ",
    "+",
    "-",
    "--1",
    "1 ",
    " 1",
    "1\n",
    "1.0",
    "1e1",
    "0x1",
    "1_000",
    "٣",
    "NaN",
    "Infinity",
    String(MAX + 1),
    String(-MAX - 1),
    "99999999999999999",
    "00000000000000001",
  ])("%j is refused", async (text) => {
    expect(await rejectionCode(async () => read(text))).toBe("invalid-parameter");
  });

  test("what is not given is null, and what is given twice refused", async () => {
    expect(new Parameters([["m", "1"]]).signedInteger("n")).toBeNull();
    const twice = new Parameters([
      ["n", "1"],
      ["n", "1"],
    ]);
    expect(await rejectionCode(async () => twice.signedInteger("n"))).toBe("invalid-parameter");
  });
});

describe("integer", () => {
  const read = (text: string) => new Parameters([["n", text]]).integer("n", { min: 0, max: MAX });

  test.each(["0", "7", "1795000000627074", String(MAX)])("%s is read to the digit, as revisions may be", (text) => {
    expect(read(text)).toBe(Number(text));
  });

  test.each([String(MAX + 1), "9007199254740993", "9999999999999999", "10000000000000000", "-1", "+1", "1.5", ""])(
    "%j is refused",
    async (text) => {
      expect(await rejectionCode(async () => read(text))).toBe("invalid-parameter");
    },
  );
});
