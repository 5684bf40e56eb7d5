// A program run to its end, and what it said. For what tests start that is no server.
import type { Surroundings } from "./server-process.ts";

export interface Ended {
  /** After a signal 128 and its number, as in a shell. */
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}

/** Nothing that tests run takes nearly as long. */
const COMMAND_MS_MAX = 300_000;

/** @throws Error when it does not end */
export async function runCommand(
  command: readonly string[],
  { directory, environment = process.env }: Surroundings = {},
): Promise<Ended> {
  let hasHung = false;
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: environment,
    ...(directory !== undefined && { cwd: directory }),
  });
  const timer = setTimeout(() => {
    hasHung = true;
    child.kill("SIGKILL");
  }, COMMAND_MS_MAX);
  const [out, error, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  clearTimeout(timer);
  if (hasHung) throw new Error(`${command.join(" ")} has not ended in ${COMMAND_MS_MAX} ms: ${out}${error}`);
  return { exitCode, out, error };
}

/** Its standard output. @throws Error with what it said when it does not exit 0 */
export async function mustRun(command: readonly string[], surroundings: Surroundings = {}): Promise<string> {
  const { exitCode, out, error } = await runCommand(command, surroundings);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} exited ${exitCode}: ${out}${error}`);
  return out;
}
