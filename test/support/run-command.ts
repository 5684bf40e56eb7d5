// A program run to its end, and what it said. For what tests start that is no server.
import type { Surroundings } from "./server-process.ts";

export interface Ended {
  readonly exitCode: number;
  readonly out: string;
  readonly error: string;
}

export async function runCommand(
  command: readonly string[],
  { directory, environment = process.env }: Surroundings = {},
): Promise<Ended> {
  const child = Bun.spawn([...command], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: environment,
    ...(directory !== undefined && { cwd: directory }),
  });
  const [out, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return { exitCode: await child.exited, out, error };
}

/** Its standard output. @throws Error with what it said when it does not exit 0 */
export async function mustRun(command: readonly string[], surroundings: Surroundings = {}): Promise<string> {
  const { exitCode, out, error } = await runCommand(command, surroundings);
  if (exitCode !== 0) throw new Error(`${command.join(" ")} exited ${exitCode}: ${out}${error}`);
  return out;
}
