// Deletions of several entries. One that is named has the count of its first answer, however often it is sent; where the store
// deletes page by page it refuses names, and is then asked without. Without a name it is sent once, as a second count would be
// of what the first has left.
import { askToWrite, type Context, fullKey } from "./context.ts";
import { parseAnswer, unexpected } from "./entry-json.ts";
import { hasCode, KeyholdError } from "./errors.ts";
import { isJsonObject, numberAt } from "./json-shape.ts";
import { setQuery } from "./listing.ts";
import type { CallOptions, DeleteManyOptions, SetOptions } from "./options.ts";
import { inRequests } from "./reads.ts";
import type { Answer } from "./requester.ts";
import { keysTarget } from "./target.ts";

const decoder = new TextDecoder();

/** How many there were. */
export async function deleteMany(context: Context, options: DeleteManyOptions): Promise<number> {
  const { keys, all, ...set } = requireOne(options);
  if (keys !== undefined) return deleteNamed(context, keys, options);
  return deleteAt(context, keysTarget(setQuery(context, all === true ? {} : set)), options);
}

/** As callers without types may say it: all of them undefined, or `all` false. */
interface Which extends SetOptions {
  readonly keys?: readonly string[] | undefined;
  readonly all?: boolean;
}

/** @throws KeyholdError "invalid-call" where it says nothing, or more than one thing: what was not meant must not be deleted */
function requireOne(options: DeleteManyOptions): Which {
  const { keys, all, prefix, filter }: Which = options;
  const isSet = prefix !== undefined || filter !== undefined;
  if ([keys !== undefined, all === true, isSet].filter(Boolean).length !== 1) {
    throw new KeyholdError(
      "invalid-call",
      "Cannot delete many without saying which: give keys, or prefix and filter, or all: true, and only one of these",
    );
  }
  if (prefix === "" || filter === "") {
    throw new KeyholdError(
      "invalid-call",
      "Cannot delete by an empty prefix or filter: give all: true to mean every entry",
    );
  }
  return {
    keys,
    ...(all === true && { all }),
    ...(prefix !== undefined && { prefix }),
    ...(filter !== undefined && { filter }),
  };
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
