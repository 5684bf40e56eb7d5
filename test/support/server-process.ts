// A real server process, as a user starts it: the test's own Bun runs src/main.ts, or PROGRAM= names an executable, as `npm run
// build:binary` makes it, which starts in a quarter of the time. The line with "listening" says where it is.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const PROGRAM = process.env["PROGRAM"] ?? "";

/** What `keyhold` is here, which its arguments come behind. */
export const KEYHOLD: readonly string[] = PROGRAM === "" ? [process.execPath, MAIN] : [resolve(PROGRAM)];

/** The same with a module of ours loaded before it, which only sources can have. */
export function keyholdAfter(module: string): readonly string[] {
  return [process.execPath, "--preload", module, MAIN];
}

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** The exit code, or null after a signal, once the process has ended. */
  readonly exited: Promise<number | null>;
  /** What it has written to standard output and error so far. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
}

/** Far longer than a start takes on a busy machine. */
const START_MS_MAX = 60_000;

/** A server that ended before it listened. */
export class FailedStart extends Error {
  readonly exitCode: number | null;
  readonly output: string;

  constructor(exitCode: number | null, output: string) {
    super(`The server ended with exit code ${exitCode} before it listened: ${output}`);
    this.exitCode = exitCode;
    this.output = output;
  }
}

/**
 * Starts `keyhold serve --port 0` with these further arguments.
 *
 * @param wrapper - a command that runs the server's command behind it, such as a tracer
 * @throws FailedStart when it ends before it listens
 */
export function startServerProcess(args: readonly string[], wrapper: readonly string[] = []): Promise<ServerProcess> {
  return startListening([...wrapper, ...KEYHOLD, ...SERVE, ...args]);
}

/** What makes a server listen on a free port, and say so in a form that is read here. */
export const SERVE = ["serve", "--port", "0", "--log-format", "json"];

export interface Surroundings {
  readonly directory?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A server by its whole command. @throws FailedStart when it ends before it listens; Error when it does neither */
export async function startListening(
  command: readonly string[],
  { directory, environment = { PATH: process.env["PATH"] ?? "" } }: Surroundings = {},
): Promise<ServerProcess> {
  const child = Bun.spawn([...command], {
    stdout: "pipe",
    stderr: "pipe",
    env: environment,
    ...(directory !== undefined && { cwd: directory }),
  });
  let text = "";
  const listening = Promise.withResolvers<string>();
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true });
      const url = /"event":"listening".*?"url":"([^"]+)"/.exec(text)?.[1];
      if (url !== undefined) listening.resolve(url);
    }
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const exited = child.exited.then(() => child.exitCode);
  const timer = setTimeout(() => {
    listening.reject(new Error(`The server has not listened after ${START_MS_MAX} ms: ${text}`));
    child.kill("SIGKILL");
  }, START_MS_MAX);
  void exited.then(async (code) => {
    await collected;
    listening.reject(new FailedStart(code, text));
  });
  return {
    url: await listening.promise.finally(() => clearTimeout(timer)),
    pid: child.pid,
    exited,
    output: () => text,
    kill: (signal) => child.kill(signal),
  };
}
