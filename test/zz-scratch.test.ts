import { mini } from "/tmp/scratch/mini.ts";
import { openValkeyStore } from "../src/engines/valkey/open.ts";
import { storeSuite } from "./conformance/store.suite.ts";
let n = 0;
storeSuite("valkey scratch", async (o) => {
  const { servers } = await mini(7399);
  const store = await openValkeyStore({ servers: servers as never, prefix: `t${process.pid}-${n++}`, partitions: Number(process.env["P"] ?? 1), newIncarnation: "valkey1", sweepIntervalMs: o.upkeep === "on" ? 2 : 3_600_000, historyAgeMs: 3_600_000, historyChanges: o.historyChanges, idempotencyAgeMs: o.idempotencyAgeMs, idempotencyBytes: o.idempotencyBytes });
  return { store, step: () => Bun.sleep(1), close: () => store.close() };
});
