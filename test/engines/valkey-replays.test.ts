// Asking again for a write that was applied and not confirmed: the answer of the first is no proof that replicas have it,
// least of all by another server, whose connection has written nothing that WAIT could speak of.
import { expect, test } from "bun:test";
import { makeBatch, UNNAMED } from "../../src/core/batch.ts";
import { rejectionCode } from "../support/rejection-code.ts";
import { put } from "../support/requests.ts";
import { PATIENCE_MS, promiseOf } from "../support/valkey-servers.ts";
import { startReplicated } from "../support/valkey-standalone.ts";
import { openTestStore } from "../support/valkey-store.ts";

test(
  "is answered as confirmed only once replicas have confirmed it, whichever server is asked",
  async () => {
    const group = await startReplicated({ replicas: 1, appendFsync: "everysec" });
    const at = {
      topology: "standalone",
      seeds: [group.primary.address],
      promise: promiseOf("replicated:1"),
      deadlineMs: 3000,
    } as const;
    const open = () => openTestStore(at, { prefix: "replays", sweepIntervalMs: 3_600_000 });
    const stores = [await open(), await open()];
    const [one, other] = stores;
    try {
      if (one === undefined || other === undefined) return expect.unreachable();
      const batch = makeBatch([put("a")]);
      const once = { id: "0".repeat(64), fingerprint: "1".repeat(64), at: one.now() };
      group.replicas[0]?.pause();
      expect(await rejectionCode(() => one.commit(batch, { ...UNNAMED, once }))).toBe("outcome-unknown");
      expect(await rejectionCode(() => other.commit(batch, { ...UNNAMED, once }))).toBe("outcome-unknown");
      expect(await rejectionCode(() => other.recall(once.id))).toBe("outcome-unknown");
      group.replicas[0]?.resume();
      expect(await other.commit(batch, { ...UNNAMED, once })).toMatchObject({ isReplay: true });
      expect(await other.recall(once.id)).toMatchObject({ fingerprint: once.fingerprint });
    } finally {
      await Promise.all(stores.map((store) => store.close()));
      await group.stop();
    }
  },
  PATIENCE_MS,
);
