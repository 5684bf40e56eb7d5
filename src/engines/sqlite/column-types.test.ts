// A flipped bit in the header of a row makes a column another type, or nothing: whatever its checksum says, the row is damaged.
import { expect, test } from "bun:test";
import { type ChangeRow, changeChecksum, isWholeChange } from "./change-row.ts";
import { decodeKey } from "./key-bytes.ts";
import { type ReceiptRow, toReceipt } from "./receipts.ts";
import { isWholeState, type StateRow, stateChecksum } from "./state-row.ts";

/** The row with columns as SQLite would give them, which are not as declared. */
function withColumns<Row>(row: Row, columns: string): Row {
  return { ...row, ...JSON.parse(columns) };
}

test("a change whose key is a text of the same octets, or nothing, is not what was written", () => {
  const fields = { sequence: 1, revision: 2, kind: 0, logged_at: 3, key: Buffer.from("key") };
  const sound: ChangeRow = { ...fields, checksum: changeChecksum(fields) };
  expect(isWholeChange(sound)).toBe(true);
  for (const columns of ['{"key": "key"}', '{"key": null}']) {
    expect(isWholeChange(withColumns(sound, columns))).toBe(false);
  }
});

test("a record of a named write without its text, or without its fingerprint, is damaged", () => {
  const row: ReceiptRow = { sequence: 1, fingerprint: Buffer.from("f"), asked_at: 3, checksum: 0, done: "[]" };
  for (const columns of ['{"done": null}', '{"fingerprint": null}']) {
    expect(() => toReceipt(withColumns(row, columns))).toThrow(/does not match its checksum/);
  }
});

test("a state without its incarnation is not what was written", () => {
  const figures = {
    incarnation: "life",
    revision: 1,
    sequence: 1,
    entries: 1,
    records: 0,
    record_bytes: 0,
    highest_instant: 5,
  };
  const sound: StateRow = { ...figures, checksum: stateChecksum(figures), is_clean: 1 };
  expect(isWholeState(sound)).toBe(true);
  expect(isWholeState(withColumns(sound, '{"incarnation": null}'))).toBe(false);
});

test("a key that is a text is damaged, wherever it is read", () => {
  const { key } = withColumns({ key: new Uint8Array() }, '{"key": "key"}');
  expect(() => decodeKey(key)).toThrow(/A stored key is not what was written/);
});
