// A recording of a server: of its first start, of load and rest in turns, of a kill, a second start and an orderly end, so that logs are
// begun, brought in, begun anew and removed.
import { createReadStream, mkdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { CallTrace, tracing } from "../../support/call-trace.ts";
import { mustRun } from "../../support/run-command.ts";
import { makeSeededRandom } from "../../support/seeded-random.ts";
import { startServerProcess } from "../../support/server-process.ts";
import { EventRecorder, RECORDED_BYTES_MAX, RECORDED_CALLS, type StoreEvent } from "./events.ts";
import { type Histories, KnownWriters } from "./known-writers.ts";

export interface Recording {
  readonly events: readonly StoreEvent[];
  readonly histories: Histories;
}

export interface RecordingOptions {
  /** Is emptied. */
  readonly directory: string;
  readonly seed: number;
  readonly plant: string | null;
}

const WRITERS = 16;
const LIVES = ["SIGKILL", "SIGTERM"] as const;
/** Of load in each life; between them the server rests until it has brought its log in. */
const LEGS = 3;
const WRITES_A_LEG = 6;
/** So that the rest need not be long: upkeep comes as often. */
const UPKEEP = ["--sweep-interval", "30ms"];
const REST_MS = 150;
/** Every fifth, from the twelfth on of each thread: those of the start are done. */
const SKIPPED_SYNCS = "fsync:retval=0:when=12+5";

export async function record({ directory, seed, plant }: RecordingOptions): Promise<Recording> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(join(directory, "store"), { recursive: true });
  const store = realpathSync(join(directory, "store"));
  const recorder = new EventRecorder(store);
  const writers = new KnownWriters(WRITERS, makeSeededRandom(seed));
  const inject = plant === "skipped-sync" ? { inject: SKIPPED_SYNCS } : {};
  for (const [life, end] of LIVES.entries()) {
    const into = join(directory, `trace-${life}`);
    await mustRun(["mkfifo", into]);
    const reading = readTrace(into, recorder);
    const options = { calls: RECORDED_CALLS, into, bytesShown: RECORDED_BYTES_MAX, isHexadecimal: true, ...inject };
    const durability = plant === "relaxed" ? ["--durability", "relaxed"] : [];
    const server = await startServerProcess(["--store", store, ...UPKEEP, ...durability], tracing(options));
    try {
      for (let leg = 0; leg < LEGS; leg++) {
        await writers.write(server.url, WRITES_A_LEG);
        await Bun.sleep(REST_MS);
      }
    } finally {
      server.kill(end);
      await server.exited;
      await reading;
    }
  }
  return { events: recorder.events, histories: writers.histories };
}

/** Until the tracer ends. */
async function readTrace(path: string, recorder: EventRecorder): Promise<void> {
  const trace = new CallTrace(recorder);
  for await (const text of createReadStream(path, { encoding: "latin1", highWaterMark: 1 << 20 }))
    trace.take(`${text}`);
}
