// A server process as the benchmarks see it from outside: where it listens, and what it takes.
import { readFileSync } from "node:fs";

/** Linux counts processor time in these (sysconf _SC_CLK_TCK). */
const TICKS_PER_SECOND = 100;

/** The URL in the line that a server writes when it listens. @throws when it ends before */
export async function listeningUrl(stdout: ReadableStream<Uint8Array>): Promise<URL> {
  let text = "";
  for await (const chunk of stdout) {
    text += new TextDecoder().decode(chunk);
    const url = /"url":"([^"]+)"/.exec(text)?.[1];
    if (url !== undefined) return new URL(url);
  }
  throw new Error(`The server ended: ${text}`);
}

/** User and system time of all threads of a process. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
