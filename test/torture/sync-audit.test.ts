// The audit of acknowledgements on traces written by hand, so that each thing that it must find is known to be found.
import { expect, test } from "bun:test";
import { CallTrace } from "../support/call-trace.ts";
import { SyncAudit } from "./acknowledgements/sync-audit.ts";

const LOG = "/s/keyhold.db-wal";
const DATABASE = "/s/keyhold.db";

const asked = '1 recvfrom(17<socket:[5]>, "PUT /keys/a HTTP/1.1\\r\\n\\r\\nMark0x1z", 524288, 0, NULL, NULL) = 30';
const lastFrame = `2 pwrite64(12<${LOG}>, "\\0\\0\\0\\2\\0\\0\\0\\n5\\37\\340"..., 24, 32) = 24`;
const frame = `2 pwrite64(12<${LOG}>, "\\0\\0\\0\\2\\0\\0\\0\\0005\\37\\340"..., 24, 32) = 24`;
const page = `2 pwrite64(12<${LOG}>, "\\r\\0aMark0x1z\\0", 4096, 56) = 4096`;
const sync = `2 fsync(12<${LOG}>) = 0`;
const answered = '1 sendto(17<socket:[5]>, "HTTP/1.1 201 Created\\r\\n\\r\\n", 26, 0, NULL, 0) = 26';
const moved = `3 pwrite64(11<${DATABASE}>, "\\r\\0aMark0x1z\\0", 4096, 8192) = 4096`;
const begunAnew = `2 pwrite64(12<${LOG}>, "7\\177\\6\\202", 32, 0) = 32`;

function audit(...lines: readonly string[]): SyncAudit {
  const witness = new SyncAudit({ log: LOG, database: DATABASE });
  new CallTrace(witness).take(lines.map((line) => `${line}\n`).join(""));
  return witness;
}

test("an answer behind the sync of its commit is as it must be", () => {
  const { faults, figures } = audit(asked, lastFrame, page, sync, answered);
  expect(faults).toEqual([]);
  expect(figures).toMatchObject({ acknowledged: 1, early: 0, commits: 1, syncs: 1 });
});

const begunSync = `2 fsync(12<${LOG}> <unfinished ...>`;
const endedSync = "2 <... fsync resumed>) = 0";

for (const [what, ...lines] of [
  ["an answer without a sync", asked, lastFrame, page, answered, sync],
  ["an answer before the sync is over", asked, lastFrame, page, begunSync, answered, endedSync],
  [
    "a sync that began before the page was written",
    asked,
    "3 fsync(12</s/keyhold.db-wal> <unfinished ...>",
    lastFrame,
    page,
    "3 <... fsync resumed>) = 0",
    answered,
  ],
  ["a sync that failed", asked, lastFrame, page, `2 fsync(12<${LOG}>) = -1 EIO (Input/output error)`, answered],
  ["a sync that was not made", asked, lastFrame, page, `2 fsync(12<${LOG}>) = 0 (INJECTED)`, answered],
  ["a sync of another file", asked, lastFrame, page, `2 fsync(11<${DATABASE}>) = 0`, answered],
  ["a commit without its last frame", asked, frame, page, sync, answered],
  ["a page that was written in part", asked, lastFrame, page.replace(/4096$/, "512"), sync, answered],
  ["an answer to what was never written", asked, sync, answered],
] as const) {
  test(`${what} is found`, () => {
    expect(audit(...lines).figures).toMatchObject({ acknowledged: 1, early: 1 });
  });
}

test("a sync that ends in time, told of in two lines, counts", () => {
  expect(audit(asked, lastFrame, page, begunSync, endedSync, answered).faults).toEqual([]);
});

test("a deletion is covered by its record, not by the write of the entry", () => {
  const deletion = asked.replace("PUT /keys/a", "DELETE /keys/Mark0x1z").replace('nMark0x1z"', 'n"');
  const record = page.replace("aMark0x1z", '[[[\\"Mark0x1z\\",1');
  expect(audit(deletion, lastFrame, page, sync, answered).figures.early).toBe(1);
  expect(audit(deletion, lastFrame, record, sync, answered).faults).toEqual([]);
});

test("a page that goes into the database before the log is synced is found", () => {
  expect(audit(asked, lastFrame, page, moved).faults).toHaveLength(1);
  expect(audit(asked, lastFrame, page, sync, moved).faults).toEqual([]);
});

test("a log begun anew before the database is synced is found", () => {
  expect(audit(moved, begunAnew).faults).toHaveLength(1);
  expect(audit(moved, `3 fsync(11<${DATABASE}>) = 0`, begunAnew).faults).toEqual([]);
});
