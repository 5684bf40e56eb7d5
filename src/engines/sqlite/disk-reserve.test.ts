// How much of the disk writes may take. The disk is the real one; what is asked of it is measured against its free space.
import { expect, test } from "bun:test";
import { statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { rejectionOf } from "../../../test/support/rejection-code.ts";
import { DiskReserve } from "./disk-reserve.ts";

/** Others write to the same disk while this runs. */
const SLACK_BYTES = 256 * 1024 * 1024;

function freeBytes(): number {
  const { bavail, bsize } = statfsSync(tmpdir());
  return bavail * bsize;
}

function makeReserve(
  reserveBytes: number,
  steadyMs: () => number,
  { reusableBytes = 0, owedBytes = 0 } = {},
): DiskReserve {
  return new DiskReserve({
    directory: tmpdir(),
    reserveBytes,
    steadyMs,
    reusableBytes: () => reusableBytes,
    owedBytes: () => owedBytes,
  });
}

test("a write is granted where the disk has room beyond the reserve", async () => {
  const reserve = makeReserve(0, () => 0);
  expect(await rejectionOf(() => reserve.grant(1))).toBeNull();
});

test("a write is refused where it would reach into the reserve, saying how much there is", async () => {
  const reserve = makeReserve(freeBytes() + SLACK_BYTES, () => 0);
  const error = await rejectionOf(() => reserve.grant(1));
  expect(error?.code).toBe("no-room");
  expect(error?.detail).toMatch(
    /has \d+ KiB free, and --disk-reserve keeps \d+ KiB of it for deletes; delete entries or make room$/,
  );
});

test("a write is counted twice, for the log and for the database", async () => {
  const reserve = makeReserve(0, () => 0);
  expect((await rejectionOf(() => reserve.grant((freeBytes() + SLACK_BYTES) / 2)))?.code).toBe("no-room");
  expect(await rejectionOf(() => reserve.grant(freeBytes() / 4))).toBeNull();
});

test("what has been granted is taken off until the disk is read again", async () => {
  let nowMs = 0;
  const reserve = makeReserve(0, () => nowMs);
  const third = freeBytes() / 3;
  expect(await rejectionOf(() => reserve.grant(third))).toBeNull();
  nowMs = 99;
  expect((await rejectionOf(() => reserve.grant(third)))?.code).toBe("no-room");
  nowMs = 100;
  expect(await rejectionOf(() => reserve.grant(third))).toBeNull();
});

test("after a refusal the disk is read again at once, as room may have been made", async () => {
  const reserve = makeReserve(0, () => 0);
  const third = freeBytes() / 3;
  expect(await rejectionOf(() => reserve.grant(third))).toBeNull();
  expect((await rejectionOf(() => reserve.grant(third)))?.code).toBe("no-room");
  expect(await rejectionOf(() => reserve.grant(third))).toBeNull();
});

test("a write that fits into the database's free pages may use the first half of the reserve, and no more", async () => {
  const within = freeBytes() + SLACK_BYTES;
  const beyond = 2 * (freeBytes() + SLACK_BYTES);
  expect(await rejectionOf(() => makeReserve(within, () => 0, { reusableBytes: 2 }).grant(1))).toBeNull();
  expect((await rejectionOf(() => makeReserve(within, () => 0, { reusableBytes: 1 }).grant(1)))?.code).toBe("no-room");
  expect((await rejectionOf(() => makeReserve(beyond, () => 0, { reusableBytes: 2 }).grant(1)))?.code).toBe("no-room");
});

test("what the database has still to grow by when the log is brought in is not free", async () => {
  const third = freeBytes() / 3;
  const reserve = makeReserve(0, () => 0, { owedBytes: freeBytes() - third });
  expect(await rejectionOf(() => reserve.grant(third / 3))).toBeNull();
  expect((await rejectionOf(() => reserve.grant(third / 3)))?.code).toBe("no-room");
  expect((await rejectionOf(() => makeReserve(0, () => 0, { owedBytes: 2 * freeBytes() }).grant(1)))?.code).toBe(
    "no-room",
  );
});
