// A question to whoever sits at the terminal, before what cannot be undone. Where nobody sits there, --yes has to say it.
import { KeyholdError } from "../core/errors.ts";
import type { Host } from "./host.ts";

/** Whether the answer begins with a y. @throws "invalid-parameter" where there is nobody to ask */
export async function agrees(host: Host, question: string): Promise<boolean> {
  if (!host.isInputTerminal || !host.isErrorTerminal) {
    throw new KeyholdError("invalid-parameter", `${question}? There is no terminal to ask at: give --yes`);
  }
  host.writeError(`${question}? [y/N] `);
  for await (const part of host.input()) return /^\s*y/i.test(Buffer.from(part).toString());
  return false;
}
