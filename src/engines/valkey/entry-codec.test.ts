// Entries as strings. A stored format: the bytes that are asserted here must stay readable.
import { describe, expect, test } from "bun:test";
import { rejectionCode } from "../../../test/support/rejection-code.ts";
import { toTag } from "../../core/entry.ts";
import { parseKey } from "../../core/key.ts";
import { HEAD_BYTES, tagBytes, unpackEntry, unpackHead } from "./entry-codec.ts";

const KEY = parseKey("a");

/** As commit.lua packs it. */
function pack({ form = 1, ends = 0, type = "text/plain", value = "one", version = 1 } = {}): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head[0] = version;
  head[1] = form;
  head.writeBigUInt64BE(1_795_198_086_404_700n, 2);
  head.write("0102030405060708", 10, "hex");
  head.writeUIntBE(1_795_198_086_000, 18, 6);
  head.writeUIntBE(1_795_198_086_404, 24, 6);
  head.writeUIntBE(ends, 30, 6);
  head.writeUInt32BE(Buffer.byteLength(value), 36);
  head[40] = type.length;
  return Buffer.concat([head, Buffer.from(type), Buffer.from(value)]);
}

describe("an entry", () => {
  test("is read member for member", () => {
    expect(unpackEntry(KEY, pack())).toEqual({
      key: KEY,
      size: 3,
      contentType: "text/plain",
      form: "text",
      revision: 1_795_198_086_404_700,
      tag: "hocem605lo.0102030405060708",
      createdAt: 1_795_198_086_000,
      modifiedAt: 1_795_198_086_404,
      expiresAt: null,
      value: Buffer.from("one"),
    } as never);
  });

  test("that ends says when, up to the latest instant", () => {
    expect<number | null>(unpackEntry(KEY, pack({ ends: 253_402_300_799_999 })).expiresAt).toBe(253_402_300_799_999);
  });

  test("whose form was not looked at is looked at when it is read", () => {
    const type = "application/json";
    expect(unpackEntry(KEY, pack({ form: 4, type, value: '{"a":1}' })).form).toBe("json");
    expect(unpackEntry(KEY, pack({ form: 4, type, value: '{"a":' })).form).toBe("text");
    expect(unpackHead(KEY, pack({ form: 4 }).subarray(0, -1))).toMatchObject({ is: "unseen", info: { size: 3 } });
  });

  test("is known by its head alone, and whole where the head is all of it", () => {
    expect(unpackHead(KEY, pack().subarray(0, HEAD_BYTES + 10))).toMatchObject({ is: "head", info: { size: 3 } });
    expect(unpackHead(KEY, pack())).toMatchObject({ is: "whole", entry: { size: 3 } });
    expect(unpackHead(KEY, pack({ value: "" }))).toMatchObject({ is: "whole", entry: { size: 0 } });
  });

  test("that is cut short, or of another version, is damaged", async () => {
    for (const bytes of [Buffer.alloc(0), pack().subarray(0, 40), pack().subarray(0, 45), pack({ version: 2 })]) {
      expect(await rejectionCode(() => unpackEntry(KEY, bytes))).toBe("damaged-entry");
      expect(await rejectionCode(() => unpackHead(KEY, bytes))).toBe("damaged-entry");
    }
    expect(await rejectionCode(() => unpackEntry(KEY, pack().subarray(0, -1)))).toBe("damaged-entry");
  });
});

describe("a tag", () => {
  test("stands for the sixteen bytes that it was made of", () => {
    const { tag } = unpackEntry(KEY, pack());
    expect(Buffer.from(tagBytes(tag) ?? []).toString("hex")).toBe(pack().toString("hex", 2, 18));
  });

  test("of another store stands for none", () => {
    for (const text of [
      "",
      "1.memory1",
      "hocem605lo",
      "hocem605lo.01",
      "HOCG.0102030405060708",
      "zzzzzzzzzzz.0102030405060708",
    ])
      expect(tagBytes(toTag(text))).toBeNull();
  });
});
