// Octets of a database's file changed as a disk might, under the connection that has it open.
import type { Database } from "bun:sqlite";
import { readFileSync, writeFileSync } from "node:fs";

/** @param change - of the file as hexadecimal digits, two an octet */
export function damageFile(
  { db, files }: { readonly db: Database; readonly files: { readonly database: string } },
  change: (hex: string) => string,
): void {
  db.run("pragma wal_checkpoint(truncate)");
  const hex = readFileSync(files.database).toString("hex");
  const changed = change(hex);
  if (changed === hex) throw new Error("Nothing was damaged");
  writeFileSync(files.database, Buffer.from(changed, "hex"));
  // Pages that are cached are read anew.
  db.run("pragma shrink_memory");
}

/** Changes the one place where these octets stand. @throws Error where there is none, or another */
export function replaceOnce(hex: string, from: string, to: string): string {
  if (hex.split(from).length !== 2) throw new Error(`${from} does not stand in one place`);
  return hex.replace(from, to);
}

export function hexOf(text: string): string {
  return Buffer.from(text).toString("hex");
}

/** Milliseconds since the Unix epoch as SQLite stores them, in six octets. */
export function instantHex(ms: number): string {
  return ms.toString(16).padStart(12, "0");
}
