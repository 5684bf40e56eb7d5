// Directories that live as long as a test.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function makeTemporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), "keyhold-test-"));
}

export function removeTemporaryDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

/** A directory for the length of `body`, removed however that ends. */
export async function withTemporaryDirectory<T>(body: (path: string) => T | Promise<T>): Promise<T> {
  const path = makeTemporaryDirectory();
  try {
    return await body(path);
  } finally {
    removeTemporaryDirectory(path);
  }
}
