// What strace tells of a program's system calls, read line by line as they happen. Of calls in several threads strace prints the
// beginning and the end apart. The order of its lines is the order in which calls began and ended: a thread stands still until strace
// has seen either. So where the end of one call stands before the beginning of another, it was over by then.

import { closeSync, createReadStream, openSync } from "node:fs";

/** A call as strace prints it. */
export interface Call {
  readonly thread: number;
  readonly name: string;
  /** Behind the opening bracket. What the call fills in itself, as the bytes of a recv, is there at its end alone. */
  readonly args: string;
}

/** What came of it; null where there is no number, as of a call that was never seen to end. */
export interface CallResult {
  readonly value: number | null;
  /** strace made it up, and the call was not made. */
  readonly isInjected: boolean;
}

/** Told of each call twice, in the order in which that happened. */
export interface CallWitness {
  begins(call: Call): void;
  ends(call: Call, result: CallResult): void;
}

export interface TraceOptions {
  readonly calls: readonly string[];
  /** Where the lines go: a file or a FIFO. */
  readonly into: string;
  /** Of each text that is read or written; the rest is left out. */
  readonly bytesShown: number;
  /** As "fsync:error=EIO:when=3". */
  readonly inject?: string;
  /** Only calls on these are seen, and counted for what is injected; without it, all. */
  readonly paths?: readonly string[];
  /** Texts and names as "\x4b": larger, and faster to make bytes of. */
  readonly isHexadecimal?: boolean;
}

/**
 * Runs the command behind it traced. That stays the child of who starts it, so that its end and its exit code are its own.
 *
 * @returns for startServerProcess(), as its wrapper
 */
export function tracing({
  calls,
  into,
  bytesShown,
  inject,
  paths = [],
  isHexadecimal,
}: TraceOptions): readonly string[] {
  const injected = inject === undefined ? [] : ["-e", `inject=${inject}`];
  const filters = paths.flatMap((path) => ["-P", path]);
  const shown = ["-y", "-s", String(bytesShown), "-e", "signal=none", ...(isHexadecimal ? ["-xx"] : [])];
  // Calls that are not asked for then run at full speed. A signal that is injected would not come.
  const quick = inject?.includes(":signal=") === true ? [] : ["--seccomp-bpf"];
  const tracer = ["strace", "-D", "-f", "-qq", ...quick, "-o", into, ...shown, ...filters];
  return [...tracer, "-e", `trace=${calls}`, ...injected];
}

/** A sentence on what is missing; null where programs can be traced. */
export function lacksTracing(): string | null {
  const isThere = Bun.which("strace") !== null;
  const probe = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync", "true"];
  if (isThere && Bun.spawnSync(probe).exitCode === 0) return null;
  return isThere
    ? "It needs leave to trace processes, which this container or kernel does not give"
    : "It needs strace; install Debian's package strace";
}

export class CallTrace {
  readonly #witness: CallWitness;
  /** Calls under way, by thread. */
  readonly #begun = new Map<number, Call>();
  #rest = "";

  constructor(witness: CallWitness) {
    this.#witness = witness;
  }

  /** The next part of what strace has written. */
  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#takeLine(line);
  }

  #takeLine(line: string): void {
    const start = /^(\d+) +(?:<\.\.\. (\w+) resumed>(?:, )?|(\w+)\()/.exec(line);
    if (start === null) return;
    const thread = Number(start[1]);
    const rest = line.slice(start[0].length);
    const resumed = start[2];
    if (resumed !== undefined) this.#end(thread, { name: resumed, rest });
    else this.#begin({ thread, name: start[3] ?? "", rest });
  }

  #begin({ thread, name, rest }: { readonly thread: number; readonly name: string; readonly rest: string }): void {
    const unfinished = rest.indexOf(UNFINISHED, rest.length - UNFINISHED.length);
    const call = { thread, name, args: unfinished < 0 ? rest : rest.slice(0, unfinished) };
    this.#witness.begins(call);
    if (unfinished < 0) this.#witness.ends(call, readResult(rest));
    else this.#begun.set(thread, call);
  }

  #end(thread: number, { name, rest }: { readonly name: string; readonly rest: string }): void {
    const call = this.#begun.get(thread);
    this.#begun.delete(thread);
    if (call?.name !== name) return;
    this.#witness.ends({ ...call, args: call.args + rest }, readResult(rest));
  }
}

const UNFINISHED = " <unfinished ...>";

function readResult(rest: string): CallResult {
  const match = /\) += (-?\d+|\?)(?:<[^>]*>)?([^)]*(?:\([^)]*\))*[^)]*)$/.exec(rest.slice(-RESULT_LENGTH_MAX));
  const value = match?.[1] === undefined || match[1] === "?" ? null : Number(match[1]);
  return { value, isInjected: rest.endsWith("(INJECTED)") };
}

/** Characters at the end of a line in which its result stands. */
const RESULT_LENGTH_MAX = 400;

/** Tells the witness of what comes by a FIFO, until every writer has closed it. What is read slowly is written slowly: the program waits. */
export async function followTrace(fifo: string, witness: CallWitness): Promise<void> {
  const trace = new CallTrace(witness);
  for await (const text of createReadStream(fifo, { encoding: "latin1", highWaterMark: 1 << 20 }))
    trace.take(`${text}`);
}

/** Ends followTrace() where no tracer has opened the FIFO. */
export function closeTrace(fifo: string): void {
  closeSync(openSync(fifo, "r+"));
}

/** The file or socket that the first argument is, as strace -y names it. */
export function fileOf({ args }: Call): string {
  return /^\d+<([^>]*)>/.exec(args)?.[1] ?? "";
}

/** The text that is read or written, as strace prints it: printable bytes as they are, others escaped. Cut where it was long. */
export function textOf({ args }: Call): string {
  const start = args.indexOf('"');
  const end = args.lastIndexOf('"');
  return start < 0 ? "" : args.slice(start + 1, end);
}

/** The numbers behind the text: its bytes, and for pwrite64 its place in the file. */
export function numbersOf({ args }: Call): readonly number[] {
  const behind = args.slice(args.lastIndexOf('"') + 1);
  const numbers = /^(?:\.\.\.)?((?:, \d+)+)\)/.exec(behind)?.[1] ?? "";
  return numbers.split(", ").slice(1).map(Number);
}

const ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, '"': 34, "\\": 92 };

/** The first bytes of a text of textOf(). */
export function bytesOf(text: string, count: number): readonly number[] {
  const bytes: number[] = [];
  for (const [, octal, escaped, plain] of text.matchAll(/\\([0-7]{1,3})|\\(.)|(.)/g)) {
    if (bytes.length === count) break;
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else bytes.push(escaped !== undefined ? (ESCAPES[escaped] ?? 0) : (plain ?? "").charCodeAt(0));
  }
  return bytes;
}
