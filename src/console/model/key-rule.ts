// What a key must be, said while it is typed: the server says the same, but behind the dialog.
import { KeyholdError } from "../../core/errors.ts";
import { parseKey } from "../../core/key.ts";

/** The rule that it breaks, as a sentence; null where it is a key, or nothing has been typed. */
export function judgeKey(text: string): string | null {
  if (text === "") return null;
  try {
    parseKey(text);
    return null;
  } catch (error) {
    if (error instanceof KeyholdError) return error.detail;
    throw error;
  }
}
