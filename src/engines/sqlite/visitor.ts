// Reads a store that another process may be serving: each call of one instant, so that nothing is held open between two
// and the log of the store does not grow on our account. Writes nothing.
import { KeyholdError } from "../../core/errors.ts";
import { makeClock, makeHighestInstant } from "../../core/expiry.ts";
import { formatCursor } from "../../store/cursor.ts";
import type { StoreReading } from "../../store/store.ts";
import { readChangePage } from "./change-page.ts";
import { closeWhole, openReader, readPragma } from "./database.ts";
import { FORMAT_VERSION, type StoreFiles } from "./layout.ts";
import { Reader } from "./reader.ts";
import { COPY_SQL } from "./statements.ts";

/** @param wallMs - the wall clock, by which entries end. @throws "unavailable" on a store of another format; SQLiteError */
export function openVisitor(
  files: StoreFiles,
  { wallMs, steadyMs }: { readonly wallMs: () => number; readonly steadyMs: () => number },
): StoreReading {
  const db = openReader(files);
  try {
    const format = Number(readPragma(db, "user_version"));
    if (format !== FORMAT_VERSION) throw otherFormat(files.directory, format);
    const life = db.prepare<{ incarnation: string; entries: number }, []>(COPY_SQL.readLife).get();
    if (life === null) throw new KeyholdError("damaged-entry", "The state row of the database is missing");
    const { incarnation } = life;
    const reader = new Reader(db, incarnation);
    const now = makeClock({ wallMs, steadyMs, highest: makeHighestInstant() });
    return {
      incarnation,
      now,
      scan: async (range) => reader.scan(range, now()),
      getMany: async (keys) => reader.getMany(keys, now()),
      tokens: async () => reader.tokens(),
      changes: async (after, limit, upTo = null) => readChangePage(reader, incarnation, { after, limit, upTo }),
      latestCursor: async () => formatCursor(incarnation, reader.latestSequence()),
      entriesAbout: () => reader.countAll(now()),
      close: async () => reader.close(),
    };
  } catch (error) {
    closeWhole(db);
    throw error;
  }
}

function otherFormat(directory: string, format: number): KeyholdError {
  return new KeyholdError(
    "unavailable",
    `Cannot read the store in ${directory}: its format is ${format}, and this version reads ${FORMAT_VERSION}; keyhold serve brings an older one up to date`,
  );
}
