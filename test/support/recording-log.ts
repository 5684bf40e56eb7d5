// A log that keeps its lines for a test to read.
import type { AccessFields, Log, LogFields, LogLevel } from "../../src/observe/log.ts";

export interface RecordedLine {
  readonly level: LogLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: LogFields;
}

export interface RecordingLog extends Log {
  readonly lines: readonly RecordedLine[];
  readonly accesses: readonly AccessFields[];
}

export function makeRecordingLog(): RecordingLog {
  const lines: RecordedLine[] = [];
  const accesses: AccessFields[] = [];
  const at =
    (level: LogLevel) =>
    (event: string, message: string, fields: LogFields = {}) => {
      lines.push({ level, event, message, fields });
    };
  return {
    lines,
    accesses,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    access: (fields) => accesses.push(fields),
    flush: () => {},
    reopen: () => {},
    close: () => {},
  };
}
