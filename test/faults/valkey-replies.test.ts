// Keyhold behind a proxy that loses commands, replies and connections on the way to Valkey, at random. Each write tells by itself
// whether it was made, and how often: an increment is a power of two that no other adds to its counter, an append has a number
// of its own. So what was acknowledged is there once; what was refused, not at all; of what nobody knows, at most once. With
// an Idempotency-Key, sent again until it is answered, each is there exactly once. SEED= draws the same losses again, though
// not in the same order; WRITES=2000 runs longer.
import { expect, test } from "bun:test";
import type { Http, HttpAnswer } from "../support/http-client.ts";
import { DEADLINE_MS, httpOf, SLACK_MS, standaloneStore, withKeyholds } from "../support/keyhold-fleet.ts";
import { type LossyProxy, startLossyProxy } from "../support/lossy-proxy.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";
import { expectWithin } from "../support/time-bar.ts";
import { startReplicated } from "../support/valkey-standalone.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const WRITES = Number(process.env["WRITES"] ?? 240);
const WRITERS = 12;
/** Powers of two that a counter can be told to add: integers are exact up to the 53rd. */
const POWERS = 50;
const TRIES_MAX = 200;
const TRY_AGAIN_MS = 20;
const TEST_MS = 60_000 + WRITES * 500;
const FORM = { "Content-Type": "application/x-www-form-urlencoded" };

type Fate = "made" | "refused" | "unknown";

/** What became of one write. */
interface Written {
  readonly counter: string;
  readonly power: number;
  readonly text: string;
  readonly mark: string;
  readonly counted: Fate;
  readonly appended: Fate;
}

for (const promise of ["applied", "replicated:1"]) {
  test(
    `${promise}: no increment is made twice, whatever is lost on the way`,
    async () => {
      await withLossyServer(promise, async ({ http, direct, proxy }) => {
        const slowest = { ms: 0 };
        const written = await writeAll(async (write) => ({
          ...write,
          counted: await ask(http, slowest, `/keys/${write.counter}`, `incr=${2 ** write.power}`),
          appended: await ask(http, slowest, `/keys/${write.text}`, `append=${write.mark}`),
        }));
        proxy.relent();
        expect(await differences(direct, written)).toEqual([]);
        const fates = written.flatMap(({ counted, appended }) => [counted, appended]);
        const count = (fate: Fate) => fates.filter((each) => each === fate).length;
        console.log(
          `replies: ${promise}, SEED=${SEED}, ${count("made")} made, ${count("refused")} refused, ${count("unknown")} unknown, slowest ${slowest.ms.toFixed(0)} ms; ${lossesOf(proxy)}`,
        );
        expect(count("unknown")).toBeGreaterThan(0);
        expect(count("made")).toBeGreaterThan(fates.length / 4);
        expectWithin("the slowest answer", slowest.ms, DEADLINE_MS + SLACK_MS);
      });
    },
    TEST_MS,
  );

  test(
    `${promise}: with an Idempotency-Key each is made exactly once`,
    async () => {
      await withLossyServer(promise, async ({ http, direct, proxy }) => {
        let tries = 0;
        const insist = async (target: string, form: string): Promise<Fate> => {
          const name = `${target}?${form}`;
          for (let tried = 0; tried < TRIES_MAX; tried++) {
            tries++;
            const answer = await http.patch(target, form, { ...FORM, "Idempotency-Key": name });
            if (fateOf(answer) === "made") return "made";
            await Bun.sleep(TRY_AGAIN_MS);
          }
          throw new Error(`${name} was not answered in ${TRIES_MAX} tries`);
        };
        const written = await writeAll(async (write) => ({
          ...write,
          counted: await insist(`/keys/${write.counter}`, `incr=${2 ** write.power}`),
          appended: await insist(`/keys/${write.text}`, `append=${write.mark}`),
        }));
        proxy.relent();
        expect(await differences(direct, written)).toEqual([]);
        console.log(
          `replies: ${promise}, SEED=${SEED}, ${written.length * 2} named writes in ${tries} tries; ${lossesOf(proxy)}`,
        );
        expect(tries).toBeGreaterThan(written.length * 2);
      });
    },
    TEST_MS,
  );
}

/** Several writers, each with keys of its own. */
async function writeAll(
  write: (asked: Omit<Written, "counted" | "appended">) => Promise<Written>,
): Promise<readonly Written[]> {
  const written = await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const done: Written[] = [];
      for (let number = 0; number < WRITES / WRITERS; number++) {
        const counter = `sum/${writer}/${Math.floor(number / POWERS)}`;
        const mark = `(${writer}-${number})`;
        done.push(await write({ counter, power: number % POWERS, text: `text/${writer}`, mark }));
      }
      return done;
    }),
  );
  return written.flat();
}

async function ask(http: Http, slowest: { ms: number }, target: string, form: string): Promise<Fate> {
  const begunAt = performance.now();
  const answer = await http.patch(target, form, FORM);
  slowest.ms = Math.max(slowest.ms, performance.now() - begunAt);
  return fateOf(answer);
}

/** @throws Error on an answer of another status */
function fateOf({ status, text, headers }: HttpAnswer): Fate {
  if (status === 200 || status === 201) return "made";
  if (status === 503 && headers["retry-after"] !== undefined) return "refused";
  if (status === 504) return "unknown";
  throw new Error(`A write was answered ${status}: ${text}`);
}

async function differences(http: Http, written: readonly Written[]): Promise<readonly string[]> {
  const found: string[] = [];
  const readRaw = async (key: string) => (await http.get(`/keys/${key}`, { Accept: "*/*" })).text;
  for (const [counter, writes] of Map.groupBy(written, (write) => write.counter)) {
    const text = /: "?(\d+)"?\}/.exec(await readRaw(counter))?.[1] ?? "0";
    let sum = BigInt(text);
    for (const { power, counted } of writes) {
      const isThere = (sum >> BigInt(power)) % 2n === 1n;
      if (isThere !== (counted === "made") && counted !== "unknown") {
        found.push(`${counter}: 2^${power} is ${isThere ? "" : "not "}there, and was ${counted}`);
      }
      if (isThere) sum -= 1n << BigInt(power);
    }
    // A power that was added twice has carried into one that was not asked for.
    if (sum !== 0n) found.push(`${counter}: ${text} has ${sum} too much`);
  }
  for (const [text, writes] of Map.groupBy(written, (write) => write.text)) {
    const marks = (await readRaw(text)).match(/\(\d+-\d+\)/g) ?? [];
    for (const { mark, appended } of writes) {
      const times = marks.filter((each) => each === mark).length;
      if (times > 1) found.push(`${text}: ${mark} is there ${times} times`);
      else if (appended !== "unknown" && times !== (appended === "made" ? 1 : 0)) {
        found.push(`${text}: ${mark} is there ${times} times, and was ${appended}`);
      }
    }
  }
  return found;
}

/** @param body - given a server behind the proxy, and one that reaches Valkey past it */
async function withLossyServer(
  promise: string,
  body: (parts: { readonly http: Http; readonly direct: Http; readonly proxy: LossyProxy }) => Promise<void>,
): Promise<void> {
  const servers = await startReplicated({ replicas: 1, appendFsync: "everysec" });
  const proxy = await startLossyProxy(servers.primary.address, makeSeededRandom(SEED));
  try {
    const through = [...standaloneStore(proxy.address), "--promise", promise];
    const past = [...standaloneStore(servers.primary.address), "--promise", promise];
    await withKeyholds([past], async ([past]) => {
      await withKeyholds([through], async ([through]) => {
        if (past === undefined || through === undefined) throw new Error("Two servers are wanted");
        proxy.begin();
        await body({ http: httpOf(through), direct: httpOf(past), proxy });
      });
    });
  } finally {
    await proxy.close();
    await servers.stop();
  }
}

function lossesOf({ losses }: LossyProxy): string {
  return `lost ${Object.entries(losses)
    .map(([loss, count]) => `${count} ${loss}`)
    .join(", ")}`;
}
