// The log of the process: one line an event, one a request where asked for. Lines of events go out at once, those of
// requests are gathered for a moment; warnings and errors are also appended to the error log, synchronously. Never log
// values, tokens or query strings, which carry both; clock, timer and outputs are passed in.
import type { LogLine } from "./log-line.ts";
import { toJsonLine, toTextLine } from "./log-line.ts";
import type { RotatingFile } from "./rotating-file.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Names in snake_case or OpenTelemetry's dotted ones, the unit last; not `time`, `level`, `event` or `msg`. */
export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export interface AccessFields {
  readonly requestId: string;
  /** Null where requests are not traced. */
  readonly traceId: string | null;
  readonly method: string;
  /** As it was sent. Its query is not logged. */
  readonly target: string;
  /** The pattern that matched, such as "/keys/{key}". */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  /** Null where it is not known, as of a body never read. */
  readonly requestBytes: number | null;
  readonly responseBytes: number | null;
  readonly remoteAddress: string | null;
  /** Id of the token that it was let in by; null for none. */
  readonly token: string | null;
}

/** `event` is a constant in kebab-case, `message` a sentence without a full stop. Nothing here throws. */
export interface Log {
  debug(event: string, message: string, fields?: LogFields): void;
  info(event: string, message: string, fields?: LogFields): void;
  warn(event: string, message: string, fields?: LogFields): void;
  error(event: string, message: string, fields?: LogFields): void;
  /** One request. Costs a test of a boolean where access lines are off. */
  access(fields: AccessFields): void;
  /** Writes what has been gathered. */
  flush(): void;
  /** Opens the error log anew, for when another program has moved it away. */
  reopen(): void;
  /** Flushes, and closes the error log. */
  close(): void;
}

/** The log as the process that owns it has it. */
export interface ProcessLog extends Log {
  /** An info line that appears whatever the level: what scripts wait for. */
  announce(event: string, message: string, fields?: LogFields): void;
}

export interface LogOptions {
  readonly format: "json" | "text";
  readonly level: LogLevel;
  readonly accessLog: boolean;
  /** Takes one or more whole lines and writes them before it returns, or drops them. Does not throw. */
  readonly write: (lines: string) => void;
  readonly errorFile: RotatingFile | null;
  readonly nowMs: () => number;
  /** Calls `run` once after `delayMs`, unless the process has ended by then; must not keep it alive. */
  readonly schedule: (run: () => void, delayMs: number) => void;
}

/** Request lines are gathered up to this many UTF-16 units, or for this long. */
export const GATHERED_LENGTH_MAX = 16 * 1024;
export const GATHER_DELAY_MS = 250;

const IMPORTANCE: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const NO_FIELDS: LogFields = {};

export function makeLog(options: LogOptions): ProcessLog {
  const { errorFile, nowMs } = options;
  const toText = options.format === "json" ? toJsonLine : toTextLine;
  let gathered = "";
  let isFlushScheduled = false;

  function flush(): void {
    if (gathered === "") return;
    const lines = gathered;
    gathered = "";
    options.write(lines);
  }

  function emit(line: LogLine): void {
    const text = toText(line);
    // In one piece with the requests before it, so that the order on the output is that of time.
    gathered += text;
    flush();
    if (IMPORTANCE[line.level] >= IMPORTANCE.warn) errorFile?.append(text);
  }

  function logAt(level: LogLevel): Log["info"] {
    if (IMPORTANCE[level] < IMPORTANCE[options.level]) return () => {};
    return (event, message, fields = NO_FIELDS) => emit({ atMs: nowMs(), level, event, message, fields });
  }

  function access(fields: AccessFields): void {
    if (!options.accessLog) return;
    gathered += toText(toAccessLine(fields, nowMs()));
    if (gathered.length >= GATHERED_LENGTH_MAX) flush();
    else if (!isFlushScheduled) {
      isFlushScheduled = true;
      options.schedule(() => {
        isFlushScheduled = false;
        flush();
      }, GATHER_DELAY_MS);
    }
  }

  return {
    debug: logAt("debug"),
    info: logAt("info"),
    warn: logAt("warn"),
    error: logAt("error"),
    announce: (event, message, fields = NO_FIELDS) => emit({ atMs: nowMs(), level: "info", event, message, fields }),
    access,
    flush,
    reopen: () => errorFile?.reopen(),
    close: () => {
      flush();
      errorFile?.close();
    },
  };
}

/** Names after OpenTelemetry's semantic conventions for HTTP. */
function toAccessLine(fields: AccessFields, atMs: number): LogLine {
  return {
    atMs,
    level: "info",
    event: "request",
    message: `${fields.method} ${fields.route} ${fields.status}`,
    fields: {
      request_id: fields.requestId,
      ...(fields.traceId !== null && { trace_id: fields.traceId }),
      "http.request.method": fields.method,
      "url.path": withoutQuery(fields.target),
      "http.route": fields.route,
      "http.response.status_code": fields.status,
      duration_ms: Math.round(fields.durationMs * 1000) / 1000,
      "http.request.body.size": fields.requestBytes,
      "http.response.body.size": fields.responseBytes,
      "client.address": fields.remoteAddress,
      token: fields.token,
    },
  };
}

/** A query may hold values: PUT /keys?name=value. */
function withoutQuery(target: string): string {
  const end = target.search(/[?#]/);
  return end === -1 ? target : target.slice(0, end);
}
