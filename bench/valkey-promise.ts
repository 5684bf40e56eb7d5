// What the promise of a write costs: a script that writes 100 bytes, with several writes in flight at once, to a server with one
// replica that it starts itself: `npm run bench:valkey-promise`. The bar: replicated:1 at
// least 0.7 × applied with 128 in flight; with fewer the way to the replica and back counts more.
import { cpus } from "node:os";
import { openServers, type Servers } from "../src/engines/valkey/servers.ts";
import { SET, serversOptions } from "../test/support/valkey-servers.ts";
import { startReplicated } from "../test/support/valkey-standalone.ts";

const ROUNDS = 5;
const WRITES = Number(process.env["WRITES"] ?? 100_000);
const IN_FLIGHT = [16, 128, 512];
const KEYS = 1000;
const VALUE = "v".repeat(100);
const BAR = 0.7;
const BAR_IN_FLIGHT = 128;

interface Measured {
  readonly perSecond: number;
  readonly medianMs: number;
}

const group = await startReplicated({ replicas: 1, appendFsync: "everysec" });
try {
  const promises = ["applied", "replicated:1"] as const;
  const [applied, replicated] = await Promise.all(
    promises.map((promise) => openServers(serversOptions([group.primary.address], { promise, deadlineMs: 10_000 }))),
  );
  if (applied === undefined || replicated === undefined) throw new Error("No servers");
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, client and both servers on the same cores;`,
  );
  console.log(`medians of ${ROUNDS} rounds of ${WRITES} writes of ${VALUE.length} bytes each, in turn`);
  for (const inFlight of IN_FLIGHT) {
    for (const servers of [applied, replicated]) await measure(servers, inFlight, WRITES / 5);
    const rounds: { readonly applied: Measured; readonly replicated: Measured }[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push({
        applied: await measure(applied, inFlight, WRITES),
        replicated: await measure(replicated, inFlight, WRITES),
      });
    }
    report(inFlight, rounds);
  }
  await Promise.all([applied.close(), replicated.close()]);
} finally {
  await group.stop();
}

async function measure(servers: Servers, inFlight: number, writes: number): Promise<Measured> {
  const latenciesMs: number[] = [];
  let next = 0;
  const write = async () => {
    for (let number = next++; number < writes; number = next++) {
      const begunAt = performance.now();
      const { shortfall } = await servers.write(0, SET, [`key:${number % KEYS}`], [VALUE]);
      if (shortfall !== null) throw new Error(shortfall);
      latenciesMs.push(performance.now() - begunAt);
    }
  };
  const begunAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, write));
  return { perSecond: (writes / (performance.now() - begunAt)) * 1000, medianMs: median(latenciesMs) };
}

function report(
  inFlight: number,
  rounds: readonly { readonly applied: Measured; readonly replicated: Measured }[],
): void {
  const ratio = median(rounds.map(({ applied, replicated }) => replicated.perSecond / applied.perSecond));
  const shown = (kind: "applied" | "replicated") => {
    const perSecond = median(rounds.map((round) => round[kind].perSecond));
    const medianMs = median(rounds.map((round) => round[kind].medianMs));
    return `${kind} ${Math.round(perSecond).toString().padStart(7)}/s (${medianMs.toFixed(2)} ms)`;
  };
  console.log(
    `${String(inFlight).padStart(4)} in flight  ${shown("applied")}   ${shown("replicated")}   ratio ${ratio.toFixed(2)}` +
      (inFlight === BAR_IN_FLIGHT ? `, bar ${ratio >= BAR ? "met" : "not met"}` : ""),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
