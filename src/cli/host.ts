// What the commands need of the process around them, as one value, so that they run in tests without touching it. Only
// here, in main.ts and (for the environment) in run.ts does the command line reach for the real process.
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { LineOutput, writeTo } from "../observe/line-output.ts";

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

export interface Host {
  readonly isTerminal: boolean;
  /** Columns of the terminal; null where there is none, or its size is not known. */
  readonly columns: number | null;
  /** Whether somebody watches standard error: only then is anything redrawn there. */
  readonly isErrorTerminal: boolean;
  /** Whether somebody types what comes in, and can be asked. */
  readonly isInputTerminal: boolean;
  /** @throws Error when the file cannot be read */
  readonly readFile: (path: string) => string;
  /** Takes whole lines; written when it returns, or dropped. */
  readonly writeOut: (lines: string) => void;
  readonly writeError: (lines: string) => void;
  /** Writes to standard output what is no text of lines, waiting for its reader. @throws Error when that is gone */
  readonly writeBytes: (bytes: Uint8Array) => Promise<void>;
  /** Standard input, to be read once. */
  readonly input: () => AsyncIterable<Uint8Array>;
  readonly nowMs: () => number;
  /** Calls `run` once after `delayMs`; does not keep the process alive. */
  readonly schedule: (run: () => void, delayMs: number) => void;
  /** Resolves after `delayMs`, or once the signal has aborted; keeps the process alive meanwhile. */
  readonly rest: (delayMs: number, signal: AbortSignal) => Promise<void>;
  /** Replaces what the system does at a signal. */
  readonly onSignal: (signal: Signal, run: () => void) => void;
  /** `run` is told of errors that nobody caught. */
  readonly onUncaught: (run: (error: unknown) => void) => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
  /** Starts another program. @throws Error where there is none of this name */
  readonly start: (program: Program) => RunningProgram;
}

export interface Program {
  readonly command: readonly string[];
  /** All that it has. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What it reads; null for what this process would. */
  readonly input: Uint8Array | null;
}

export interface RunningProgram {
  /** Its exit code, or 128 and the number of the signal that ended it. */
  readonly exited: Promise<number>;
  readonly kill: (signal: "SIGTERM" | "SIGKILL" | "SIGINT") => void;
}

/** The real process. */
export function makeProcessHost(): Host {
  const droppedLine = (lines: number) => `${lines} lines of the log were dropped here: the reader was too slow\n`;
  const out = new LineOutput({ write: writeTo(1), droppedLine });
  const error = new LineOutput({ write: writeTo(2), droppedLine });
  return {
    isTerminal: process.stdout.isTTY,
    columns: columnsOf(process.stdout),
    isErrorTerminal: process.stderr.isTTY,
    isInputTerminal: process.stdin.isTTY,
    readFile: (path) => readFileSync(path, "utf8"),
    writeOut: (lines) => out.write(lines),
    writeError: (lines) => error.write(lines),
    writeBytes: async (bytes) => {
      await Bun.write(Bun.stdout, bytes);
    },
    input: () => Bun.stdin.stream(),
    nowMs: Date.now,
    schedule: (run, delayMs) => setTimeout(run, delayMs).unref(),
    rest,
    onSignal: (signal, run) => process.on(signal, run),
    onUncaught: (run) => {
      process.on("uncaughtException", run);
      process.on("unhandledRejection", run);
    },
    exit: (code) => process.exit(code),
    start,
  };
}

/** A terminal that nobody has told its size, as in a container or a job, says 0. */
export function columnsOf({ isTTY, columns }: Pick<NodeJS.WriteStream, "isTTY" | "columns">): number | null {
  return isTTY && columns > 0 ? columns : null;
}

function start({ command, environment, input }: Program): RunningProgram {
  const child = Bun.spawn([...command], {
    env: { ...environment },
    stdin: input === null ? "inherit" : Buffer.from(input),
    stdout: "inherit",
    stderr: "inherit",
  });
  const exited = child.exited.then((code) => {
    const number = new Map(Object.entries(constants.signals)).get(String(child.signalCode));
    return number === undefined ? code : 128 + number;
  });
  return { exited, kill: (signal) => child.kill(signal) };
}

function rest(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, delayMs);
    signal.addEventListener("abort", end);
  });
}
