// What is to be sent leaves in order and whole, however little the system takes at a time.
import { describe, expect, test } from "bun:test";
import { Outbox } from "./outbox.ts";
import { Pace } from "./pace.ts";
import type { WireSocket } from "./wire-socket.ts";

describe("an outbox", () => {
  test("sends in order what the system takes byte by byte, and says when all is taken", () => {
    const { outbox, sent, allow } = makeOutbox();
    allow(3);
    outbox.sendCopy(Buffer.from("head."), 5);
    outbox.send(Buffer.from("body"));
    let isEmpty = false;
    outbox.whenEmpty(() => {
      isEmpty = true;
    });
    expect([sent(), outbox.unsentBytes, isEmpty]).toEqual(["hea", 6, false]);
    for (let left = 6; left > 0; left--) {
      allow(1);
      outbox.drained();
      expect([outbox.unsentBytes, isEmpty]).toEqual([left - 1, left === 1]);
    }
    expect(sent()).toBe("head.body");
  });

  test("keeps a copy of what is the caller's again", () => {
    const { outbox, sent, allow } = makeOutbox();
    const scratch = Buffer.from("first");
    allow(2);
    outbox.sendCopy(scratch, 5);
    scratch.write("other");
    allow(100);
    outbox.drained();
    expect(sent()).toBe("first");
  });

  test("takes a socket that has gone for one that takes nothing, and forgets what is left when told to", () => {
    const { outbox, sent, allow } = makeOutbox();
    allow(-1);
    outbox.send(Buffer.from("lost"));
    let isEmpty = false;
    outbox.whenEmpty(() => {
      isEmpty = true;
    });
    expect([outbox.unsentBytes, isEmpty]).toEqual([4, false]);
    outbox.clear();
    expect([sent(), outbox.unsentBytes, isEmpty]).toEqual(["", 0, true]);
  });
});

describe("a pace", () => {
  const limits = { idleMs: 1000, bytesPerSecond: 100 };

  test("is too slow once nothing has moved for longer than may be", () => {
    const pace = new Pace(limits);
    pace.start(0);
    expect([pace.isTooSlow(1000), pace.isTooSlow(1001)]).toEqual([false, true]);
  });

  test("is too slow where bytes trickle below the rate, once the grace is over", () => {
    const pace = new Pace(limits);
    pace.start(0);
    for (let atMs = 100; atMs <= 2000; atMs += 100) pace.moved(5, atMs);
    // 100 bytes are worth a second, besides the grace of one.
    expect([pace.isTooSlow(2000), pace.isTooSlow(2001)]).toEqual([false, true]);
  });

  test("is fast enough at the rate, for as long as it lasts", () => {
    const pace = new Pace(limits);
    pace.start(0);
    for (let atMs = 100; atMs <= 100_000; atMs += 100) {
      pace.moved(10, atMs);
      expect(pace.isTooSlow(atMs)).toBe(false);
    }
  });

  test("of no rate asks only that something moves", () => {
    const pace = new Pace({ idleMs: 1000, bytesPerSecond: 0 });
    pace.start(0);
    for (let atMs = 1000; atMs <= 100_000; atMs += 1000) {
      pace.moved(1, atMs);
      expect(pace.isTooSlow(atMs)).toBe(false);
    }
  });
});

/** Over a socket that takes as many bytes as it is allowed to, in all. */
function makeOutbox() {
  let allowed = 0;
  let sent = "";
  const socket: WireSocket = {
    remoteAddress: null,
    write(bytes, offset, length) {
      if (allowed < 0) return allowed;
      const taken = Math.min(allowed, length);
      allowed -= taken;
      sent += Buffer.from(bytes.subarray(offset, offset + taken)).toString("latin1");
      return taken;
    },
    shutdown() {},
    close() {},
    terminate() {},
    pause() {},
    resume() {},
  };
  const outbox = new Outbox(socket, new Pace({ idleMs: 1000, bytesPerSecond: 0 }), () => 0);
  return {
    outbox,
    sent: () => sent,
    allow(bytes: number) {
      allowed = bytes;
    },
  };
}
