// Checks by doing: an entry of a name of its own is written, watched, read and deleted, each timed. It ends by itself within a
// minute, should the deletion fail.
import { FIELD, MEDIA } from "../../wire/headers.ts";
import { ask, type Remote } from "../remote.ts";
import { isFault } from "../run-command.ts";
import { type Finding, fail, ok, sentenceOf, skip, timesText, toMs, warn } from "./finding.ts";
import type { Clock } from "./store-checks.ts";

const ANSWER_MS = 5000;
const PROBE_TTL_SECONDS = "60";
const ROUNDS = 5;
const SLOW_MS = 250;
const EVENT_MS = 3000;
const LOG_CURE = "Look into the server's log, and at keyhold_commit_duration_seconds";

export async function checkEntry(remote: Remote, clock: Clock): Promise<readonly Finding[]> {
  const key = probeKey();
  const findings: Finding[] = [];
  for (const step of ["write", "read", "delete"] as const) {
    const times: number[] = [];
    try {
      for (let round = 0; round < (step === "delete" ? 1 : ROUNDS); round++) {
        const startedAtMs = clock.tickMs();
        await takeStep(remote, step, key);
        times.push(clock.tickMs() - startedAtMs);
      }
    } catch (error) {
      findings.push(refused(step, error));
      // What was not written can be neither read nor deleted.
      if (step === "write") return findings;
      continue;
    }
    const detail = `${step} works: ${timesText(times)}`;
    findings.push(Math.max(...times) >= SLOW_MS ? warn(step, detail, LOG_CURE) : ok(step, detail));
  }
  return findings;
}

/** Waits for the event of a write, from before it is made. */
export async function checkWatch(remote: Remote, clock: Clock): Promise<readonly Finding[]> {
  const key = probeKey();
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(EVENT_MS)]);
  try {
    const target = `/keys?watch&key=${encodeURIComponent(key)}`;
    const { parts } = await ask(remote, { method: "GET", target, headers: { [FIELD.accept]: MEDIA.ndjson }, signal });
    let text = "";
    let writtenAtMs: number | null = null;
    for await (const part of parts) {
      text += Buffer.from(part).toString();
      if (writtenAtMs === null && text.includes('"event":"ready"')) {
        writtenAtMs = clock.tickMs();
        await takeStep(remote, "write", key);
      }
      if (writtenAtMs === null || !text.includes('"event":"put"')) continue;
      return [ok("watch", `a change is told ${toMs(clock.tickMs() - writtenAtMs)} after its write was sent`)];
    }
    return [fail("watch", "the stream of events ended before a change was told", LOG_CURE)];
  } catch (error) {
    if (signal.aborted) {
      return [
        fail(
          "watch",
          `no event came within ${EVENT_MS} ms`,
          "A proxy between may hold streams back: turn its buffering off",
        ),
      ];
    }
    return [refused("watch", error)];
  } finally {
    ended.abort();
    await takeStep(remote, "delete", key).catch(() => {});
  }
}

function probeKey(): string {
  return `keyhold-doctor-${crypto.randomUUID()}`;
}

async function takeStep(remote: Remote, step: "write" | "read" | "delete", key: string): Promise<void> {
  const method = ({ write: "PUT", read: "GET", delete: "DELETE" } as const)[step];
  const { parts } = await ask(remote, {
    method,
    target: `/keys/${encodeURIComponent(key)}`,
    ...(step === "write" && {
      headers: { [FIELD.contentType]: MEDIA.plain, [FIELD.ttl]: PROBE_TTL_SECONDS },
      body: "written by keyhold doctor",
    }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  for await (const _ of parts);
}

/** A token that may not is no illness of the server. */
function refused(step: string, error: unknown): Finding {
  const detail = `${step}: ${sentenceOf(error)}`;
  if (isFault(error) && (error.code === "forbidden" || error.code === "unauthenticated")) {
    const scope = step === "delete" ? "write" : step;
    return skip(step, detail, `To have it tried, give a token with the scope ${scope} and no prefixes`);
  }
  return fail(step, detail, LOG_CURE);
}
