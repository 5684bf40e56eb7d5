// How a command ends: by what exit code, with which sentence on standard error, and at which signals.
import { KeyholdError } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { SIGNAL_ECHO_MS } from "./signals.ts";

/** An option of the server has a value that is not allowed; told with the exit code of that. */
export class BadConfig extends KeyholdError {
  constructor(problems: readonly string[]) {
    super("invalid-parameter", problems.join("; "));
  }
}

/** A server that is asked does not answer, or cannot serve now: to try again may help. */
export class ServerAway extends KeyholdError {
  constructor(detail: string, options?: ErrorOptions) {
    super("unavailable", detail, {}, options);
  }
}

/** What was waited for did not come in the time given. */
export class TimeUp extends KeyholdError {
  constructor(detail: string) {
    super("unavailable", detail);
  }
}

/** Why the signal of a command is aborted: somebody has asked for its end. */
export class Stopped extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("Stopped before the end");
    this.exitCode = exitCode;
  }
}

/** A fault with a code and a sentence: one of this process, or what a server has refused. */
interface Fault {
  readonly code: string;
  readonly detail: string;
}

/** What a server has refused, with what to do about it. */
class HintedFault extends Error implements Fault {
  readonly code: string;
  readonly detail: string;

  constructor({ code, detail }: Fault, options: ErrorOptions) {
    super(detail, options);
    this.code = code;
    this.detail = detail;
  }
}

/** Runs a command whose faults are sentences on standard error. The first signal ends it in order, a second one at once. */
export async function runCommand(host: Host, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let askedAtMs: number | null = null;
  const onSignal = (code: number) => {
    if (askedAtMs === null) {
      askedAtMs = host.nowMs();
      controller.abort(new Stopped(code));
    } else if (host.nowMs() - askedAtMs >= SIGNAL_ECHO_MS) host.exit(code);
  };
  host.onSignal("SIGINT", () => onSignal(EXIT.interrupted));
  host.onSignal("SIGTERM", () => onSignal(EXIT.terminated));
  try {
    return await work(controller.signal);
  } catch (error) {
    return tellFault(error, host);
  }
}

/** The exit code of a command that ended in an error, which is told. What is no fault of its surroundings is ours. */
export function tellFault(error: unknown, host: Pick<Host, "writeError">): number {
  if (error instanceof Stopped) return error.exitCode;
  if (isFault(error)) {
    host.writeError(`keyhold: ${error.detail}\n`);
    return codeOf(error);
  }
  if (isReaderGone(error)) return EXIT.readerGone;
  if (isSystemError(error)) {
    host.writeError(`keyhold: ${error.message}\n`);
    return EXIT.failure;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  host.writeError(`keyhold: Fault in Keyhold: ${text}\n`);
  return EXIT.internal;
}

/** The same fault, with what to do about it; code, members and cause stay. @throws what is neither a fault nor the system's */
export function withHint(error: unknown, hint: string): Error & Fault {
  if (error instanceof ServerAway) return new ServerAway(`${error.detail}; ${hint}`, { cause: error });
  if (error instanceof KeyholdError) {
    return new KeyholdError(error.code, `${error.detail}; ${hint}`, error.data, { cause: error });
  }
  if (isFault(error))
    return new HintedFault({ code: error.code, detail: `${error.detail}; ${hint}` }, { cause: error });
  if (isSystemError(error)) {
    return new KeyholdError("unavailable", `${error.message}; ${hint}`, {}, { cause: error });
  }
  throw error;
}

/** Whether it is told by its sentence. The client's errors are of a class of their own, and have both members too. */
export function isFault(error: unknown): error is Error & Fault {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    "detail" in error &&
    typeof error.detail === "string"
  );
}

function codeOf(error: Error & Fault): number {
  if (error instanceof BadConfig) return EXIT.config;
  if (error instanceof ServerAway) return EXIT.unreachable;
  if (error instanceof TimeUp) return EXIT.timeUp;
  // Of this process, where "unavailable" is anything that cannot be had: a file, a store.
  if (error instanceof KeyholdError && error.code === "unavailable") return EXIT.failure;
  return CODES.get(error.code) ?? EXIT.failure;
}

const CODES: ReadonlyMap<string, number> = new Map([
  ...["invalid-parameter", "invalid-expiry", "invalid-key", "invalid-header", "invalid-call", "key-mismatch"].map(
    (code) => [code, EXIT.usage] as const,
  ),
  ...["not-found", "no-such-resource"].map((code) => [code, EXIT.notFound] as const),
  ...[
    "precondition-failed",
    "already-exists",
    "check-failed",
    "not-an-integer",
    "out-of-range",
    "not-json",
    "patch-failed",
  ].map((code) => [code, EXIT.conflict] as const),
  ["damaged-entry", EXIT.damaged],
  ...["unreachable", "timeout", "busy", "unavailable", "too-many-requests", "request-timeout"].map(
    (code) => [code, EXIT.unreachable] as const,
  ),
  ...["unauthenticated", "forbidden", "foreign-origin"].map((code) => [code, EXIT.noPermission] as const),
]);

/** As `keyhold list | head -1` ends. */
function isReaderGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}

/** What the operating system or SQLite refused, by its name: ENOENT, SQLITE_FULL. Node's own ERR_ are mistakes of ours. */
function isSystemError(error: unknown): error is Error {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    /^(?:E[A-Z0-9]+|SQLITE_[A-Z_]+)$/.test(error.code)
  );
}
