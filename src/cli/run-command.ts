// How a command ends: by what exit code, with which sentence on standard error, and at which signals.
import { KeyholdError } from "../core/errors.ts";
import { EXIT } from "./exit-codes.ts";
import type { Host } from "./host.ts";
import { SIGNAL_ECHO_MS } from "./serve.ts";

/** An option of the server has a value that is not allowed; told with the exit code of that. */
export class BadConfig extends KeyholdError {
  constructor(problems: readonly string[]) {
    super("invalid-parameter", problems.join("; "));
  }
}

/** Runs a command whose faults are sentences on standard error. The first signal ends it in order, a second one at once. */
export async function runCommand(host: Host, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let askedAtMs: number | null = null;
  const onSignal = (code: number) => {
    if (askedAtMs === null) {
      askedAtMs = host.nowMs();
      controller.abort();
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
export function tellFault(error: unknown, host: Host): number {
  if (error instanceof KeyholdError) {
    host.writeError(`keyhold: ${error.detail}\n`);
    return codeOf(error);
  }
  if (isSystemError(error)) {
    host.writeError(`keyhold: ${error.message}\n`);
    return EXIT.failure;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  host.writeError(`keyhold: Fault in Keyhold: ${text}\n`);
  return EXIT.internal;
}

/** The same fault, with what to do about it; code, members and cause stay. @throws what is neither a fault nor the system's */
export function withHint(error: unknown, hint: string): KeyholdError {
  if (error instanceof KeyholdError) {
    return new KeyholdError(error.code, `${error.detail}; ${hint}`, error.data, { cause: error });
  }
  if (isSystemError(error)) {
    return new KeyholdError("unavailable", `${error.message}; ${hint}`, {}, { cause: error });
  }
  throw error;
}

function codeOf(error: KeyholdError): number {
  if (error instanceof BadConfig) return EXIT.config;
  switch (error.code) {
    case "damaged-entry":
      return EXIT.damaged;
    case "invalid-parameter":
    case "invalid-expiry":
      return EXIT.usage;
    default:
      return EXIT.failure;
  }
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
