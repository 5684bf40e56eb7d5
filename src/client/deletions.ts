// Deletions of several entries. One that is named has the count of its first answer, however often it is sent; where the store
// deletes page by page it refuses names, and is then asked without. Without a name it is sent once, as a second count would be
// of what the first has left.
import { askToWrite, type Context, fullKey } from "./context.ts";
import { parseAnswer, unexpected } from "./entry-json.ts";
import { hasCode, KeyholdError } from "./errors.ts";
import { isJsonObject, numberAt } from "./json-shape.ts";
import { setQuery } from "./listing.ts";
import type { CallOptions, DeleteManyOptions } from "./options.ts";
import { inRequests } from "./reads.ts";
import type { Answer } from "./requester.ts";
import { keysTarget } from "./target.ts";

const decoder = new TextDecoder();

/** How many there were. */
export async function deleteMany(context: Context, options: DeleteManyOptions): Promise<number> {
  if ("keys" in options && options.keys !== undefined) return deleteNamed(context, options.keys, options);
  const set = "all" in options ? {} : options;
  if (!("all" in options) && set.prefix === undefined && set.filter === undefined) {
    throw new KeyholdError(
      "invalid-call",
      "Cannot delete many without saying which: give keys, prefix, filter or all: true",
    );
  }
  if (set.prefix === "" || set.filter === "") {
    throw new KeyholdError(
      "invalid-call",
      "Cannot delete by an empty prefix or filter: give all: true to mean every entry",
    );
  }
  return deleteAt(context, keysTarget(setQuery(context, set)), options);
}

async function deleteNamed(context: Context, keys: readonly string[], options: CallOptions): Promise<number> {
  let count = 0;
  const distinct = [...new Set(keys)].map((key) => fullKey(context, key));
  for (const group of inRequests(distinct)) count += await deleteAt(context, keysTarget({}, group), options);
  return count;
}

async function deleteAt(context: Context, target: string, options: CallOptions): Promise<number> {
  const call = { method: "DELETE", target, options, isIdempotent: false, mayBePartial: true };
  try {
    return deletedIn(await askToWrite(context, call));
  } catch (error) {
    if (!hasCode(error, "cross-partition")) throw error;
    return deletedIn(await askToWrite({ ...context, namesWrites: false }, call));
  }
}

function deletedIn({ body }: Answer): number {
  const text = decoder.decode(body);
  const answer = parseAnswer(text);
  const count = isJsonObject(answer) ? numberAt(answer, "deleted") : null;
  if (count === null) throw unexpected(text);
  return count;
}
