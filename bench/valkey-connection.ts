// What the connection to a Valkey server costs: GET of 100 bytes over one connection, with several commands in flight at once, to
// a server that it starts itself: `npm run bench:valkey-connection`. The bars: 500,000 GET/s, and 1.2 µs of CPU for each.
import { cpus, loadavg } from "node:os";
import { Connection } from "../src/engines/valkey/connection.ts";
import { connectionOptions } from "../test/support/valkey-connection.ts";
import { startStandalone } from "../test/support/valkey-standalone.ts";

const ROUNDS = 5;
const GETS = Number(process.env["GETS"] ?? 1_000_000);
const WARM_UP_GETS = GETS / 5;
const IN_FLIGHT = [64, 512];
const KEYS = 1000;
const VALUE = "v".repeat(100);
const BAR_PER_SECOND = 500_000;
const BAR_CPU_MICROS = 1.2;

interface Measured {
  readonly perSecond: number;
  /** Of this process, for each GET. */
  readonly cpuMicros: number;
}

const server = await startStandalone();
try {
  const connection = await Connection.open(connectionOptions(server.node.address));
  const info = String(await server.node.ask("INFO", "server"));
  const version = (/^valkey_version:\S+/m.exec(info) ?? /^redis_version:\S+/m.exec(info))?.[0];
  console.log(
    `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Bun ${Bun.version}, ${version ?? "unknown server"}, one connection,`,
  );
  console.log(
    `GET of ${VALUE.length} bytes, client and server on the same cores, load before ${loadavg()[0]?.toFixed(2)}; medians of ${ROUNDS} rounds of ${GETS}`,
  );
  await Promise.all(Array.from({ length: KEYS }, (_, number) => connection.send(["SET", keyOf(number), VALUE])));
  for (const inFlight of IN_FLIGHT) {
    await measure(connection, inFlight, WARM_UP_GETS);
    const rounds: Measured[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await measure(connection, inFlight, GETS));
    report(inFlight, rounds);
  }
  connection.close("The benchmark is over");
} finally {
  await server.stop();
}

async function measure(connection: Connection, inFlight: number, gets: number): Promise<Measured> {
  let next = 0;
  const ask = async () => {
    for (let number = next++; number < gets; number = next++) {
      const reply = await connection.send(["GET", keyOf(number % KEYS)]);
      if (!(reply instanceof Uint8Array) || reply.length !== VALUE.length)
        throw new Error("A GET brought another value");
    }
  };
  const begunAt = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: inFlight }, ask));
  const { user, system } = process.cpuUsage(before);
  return { perSecond: (gets / (performance.now() - begunAt)) * 1000, cpuMicros: (user + system) / gets };
}

function report(inFlight: number, rounds: readonly Measured[]): void {
  const perSecond = median(rounds.map((round) => round.perSecond));
  const cpuMicros = median(rounds.map((round) => round.cpuMicros));
  const isMet = perSecond >= BAR_PER_SECOND && cpuMicros <= BAR_CPU_MICROS;
  const [slowest, fastest] = [Math.min, Math.max].map((most) =>
    Math.round(most(...rounds.map((round) => round.perSecond))),
  );
  console.log(
    `${String(inFlight).padStart(4)} in flight  ${Math.round(perSecond).toString().padStart(8)} GET/s (${slowest} to ${fastest})   ` +
      `CPU ${cpuMicros.toFixed(2)} µs a GET   bar ${isMet ? "met" : "not met"}`,
  );
}

function keyOf(number: number): string {
  return `key:${String(number).padStart(6, "0")}`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
