// The values as files, one a key, for servers that keep them so.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toKeyDigits } from "../../src/load/operation.ts";
import type { Stock } from "../contender.ts";

const AT_ONCE = 64;

export async function writeFiles(directory: string, { keys, values }: Stock): Promise<void> {
  let next = 0;
  const writer = async () => {
    for (let number = next++; number < keys; number = next++) {
      await writeFile(join(directory, `key${toKeyDigits(number)}`), values.value(number));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, writer));
}
