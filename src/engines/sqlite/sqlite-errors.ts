// Which fault of SQLite's an error is, by its result code (sqlite.org/rescode.html), never by its text.
import { SQLiteError } from "bun:sqlite";

/** Whether the error is of this primary code, such as "SQLITE_FULL", or of one of its extended codes. */
export function isSqliteError(error: unknown, code: string): boolean {
  return error instanceof SQLiteError && (error.code ?? "").startsWith(code);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
