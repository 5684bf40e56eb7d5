// Checks the pages of a database that the last server did not close, on a thread of its own, so that neither reads nor
// commits wait for it. Told the path of the database, it answers "passed" or what SQLite found damaged, and ends.
import { Database } from "bun:sqlite";
import { messageOf } from "./sqlite-errors.ts";

declare const self: Worker;

/** Problems listed at most; the first says enough. */
const PROBLEMS_MAX = 10;

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  self.postMessage(check(path));
  // Ends this thread alone, after the message has left.
  setImmediate(() => process.exit(0));
};

function check(path: string): string {
  try {
    const db = new Database(path, { readonly: true });
    const rows = db.prepare<{ quick_check: string }, []>(`pragma quick_check(${PROBLEMS_MAX})`).all();
    db.close();
    const problems = rows.map(({ quick_check }) => quick_check).filter((text) => text !== "ok");
    return problems.length === 0 ? "passed" : problems.join("; ");
  } catch (error) {
    return messageOf(error);
  }
}
