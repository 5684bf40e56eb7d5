// Tests of synced-file.ts: a file has its name once it is whole, and only where nobody else had a hand in it.
import { describe, expect, test } from "bun:test";
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { withTemporaryDirectory } from "../../test/support/temporary-directory.ts";
import { SyncedFile } from "./synced-file.ts";

describe("a file that is written under a draft's name", () => {
  test("goes on behind the bytes it is cut to, and has its name at the end", async () => {
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      writeFileSync(`${path}.part`, "onetail");
      const file = SyncedFile.goOn(`${path}.part`, 3);
      file.write(Buffer.from("two"));
      file.finish({ path, replaces: false });
      file.close();
      expect(readFileSync(path, "utf8")).toBe("onetwo");
      expect(readdirSync(directory)).toEqual(["a"]);
    });
  });

  test("is given no name where another has written into it, or has taken the name since", async () => {
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      const file = SyncedFile.create(`${path}.part`);
      file.write(Buffer.from("mine"));
      writeFileSync(path, "theirs");
      expect((await rejectionOf(() => file.finish({ path, replaces: false })))?.detail).toContain("there already");
      appendFileSync(file.draft, "more");
      const mixed = await rejectionOf(() => file.finish({ path, replaces: true }));
      expect(mixed?.detail).toContain("another command writes into");
      file.close();
      expect(readFileSync(path, "utf8")).toBe("theirs");
    });
  });
});
