// Tests of lease.ts: how long a lock is held by one who cannot renew it, by a clock that only the waiting moves.
import { expect, test } from "bun:test";
import { makeFakeHost } from "../../test/support/fake-host.ts";
import { KeyholdError } from "../core/errors.ts";
import { keepRenewed, type Lease } from "./lease.ts";

const LEASE: Lease = { key: "lock", etag: '"1"', revision: 1, ttlMs: 30_000, endsAtMs: 30_000 };

/** @param renew - at which time; what the server says. Null ends the holding. */
async function hold(renew: (atMs: number) => boolean | Error | null) {
  const host = makeFakeHost();
  const ended = new AbortController();
  const askedAtMs: number[] = [];
  const client = {
    expire: async () => {
      askedAtMs.push(host.nowMs());
      const answer = renew(host.nowMs());
      if (answer === null) ended.abort();
      if (answer instanceof Error) throw answer;
      return answer ?? true;
    },
  };
  const end = await keepRenewed(client, LEASE, { host, signal: ended.signal });
  return { end, askedAtMs, atMs: host.nowMs() };
}

test("a lease is renewed at each third of its time, for as long as it is wanted", async () => {
  const { end, askedAtMs } = await hold((atMs) => (atMs < 40_000 ? true : null));
  expect([end, askedAtMs]).toEqual(["kept", [10_000, 20_000, 30_000, 40_000]]);
});

test("it is lost as soon as it is somebody else's, or nobody's", async () => {
  expect(await hold(() => new KeyholdError("precondition-failed", "No"))).toMatchObject({ end: "lost", atMs: 10_000 });
  expect(await hold(() => false)).toMatchObject({ end: "lost", atMs: 10_000 });
});

test("a renewal that fails is tried again until its time is up, and not a moment longer", async () => {
  const away = await hold(() => new KeyholdError("unavailable", "No"));
  expect([away.end, away.atMs, away.askedAtMs.length]).toEqual(["lost", 30_000, 8]);
  const back = await hold((atMs) => (atMs < 25_000 ? new KeyholdError("unavailable", "No") : null));
  expect(back.end).toBe("kept");
});
