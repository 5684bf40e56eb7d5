// What of a life on a failing disk is not as docs/guarantees.md and docs/operating.md promise it.
import type { FaultyLife } from "./faulty-life.ts";
import type { Injection } from "./injections.ts";
import type { ScriptedLoad } from "./scripted-load.ts";

export type LivedLife = FaultyLife & { readonly load: ScriptedLoad | null };

/** Whether the error came: the call was reached. */
export function isReached({ failed, exitCode, wasHung }: FaultyLife): boolean {
  return failed.length > 0 || (exitCode === null && !wasHung);
}

/** One sentence for each promise that was broken. */
export function judgeLife(life: LivedLife, injection: Injection): readonly string[] {
  const { audit, load, wasHung } = life;
  const faults = [...(injection.isByPath ? [] : audit.faults), ...(load?.problems ?? [])];
  if (load !== null && load.late > 0)
    faults.push(`${load.late} writes succeeded that were sent after one was answered 504`);
  const unaudited = injection.isByPath ? 0 : (load?.acknowledged ?? 0) - audit.figures.acknowledged;
  if (unaudited > 0) faults.push(`${unaudited} acknowledgements were not seen to be sent`);
  const ending = wasHung ? "It did not end" : judgeEnding(life, injection);
  if (ending !== null) faults.push(`${ending}. It said: ${life.output.slice(-600)}`);
  return faults;
}

/** What is wrong with how the server ended; null for nothing. */
function judgeEnding(life: LivedLife, injection: Injection): string | null {
  const { exitCode, hasStarted, failed, output } = life;
  if (exitCode === null) return injection.what === "SIGKILL" ? null : "It was ended by a signal";
  const seen = failed.length === 0 ? "no error" : `an error at ${failed[0]}`;
  if (!hasStarted) {
    if (failed.length === 0) return `It did not start, with ${seen}`;
    return exitCode === 1 && /^keyhold: .+/m.test(output)
      ? null
      : `It did not start with exit code ${exitCode}, for ${seen}`;
  }
  if (exitCode === 0) return mustStop(life, injection) ? `It went on to exit code 0, with ${seen}` : null;
  if (exitCode !== 74) return `It ended with exit code ${exitCode}, with ${seen}`;
  if (failed.length === 0) return "It ended with exit code 74, without an error";
  return /"event":"(store|stop)-failed"/.test(output)
    ? null
    : `It ended with exit code 74 and did not say why, with ${seen}`;
}

/** A write or sync of the database or its log that failed for another reason than that the disk is full, before the stop. */
function mustStop({ failed, hasFailedAtStop }: LivedLife, { what }: Injection): boolean {
  if (hasFailedAtStop) return false;
  return failed.some(
    (name) => /^fsync keyhold\.db(-wal)?$/.test(name) || (what === "EIO" && /^pwrite64 keyhold\.db(-wal)?$/.test(name)),
  );
}
