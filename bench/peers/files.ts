// The values as files, one a key, for servers that keep them so.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { toKeyDigits } from "../../src/load/operation.ts";
import type { Stock } from "../contender.ts";

/** One after another: the file system makes them no faster at once. */
export function writeFiles(directory: string, { keys, values }: Stock): void {
  for (let number = 0; number < keys; number++) {
    writeFileSync(join(directory, `key${toKeyDigits(number)}`), values.value(number));
  }
}
