// Stores of Keyhold that are filled once in a run and then served again and again, as filling millions of keys takes minutes.
// With STORES=DIRECTORY they stay there, and are found by the next run.
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ValuePool } from "../src/load/value-pool.ts";
import type { Contender, Stock } from "./contender.ts";
import { contenderOf, fillStarted, startKeyhold } from "./peers/keyhold.ts";
import { makeDirectory, removeDirectory } from "./peers/started.ts";
import { ON_ALL_CORES, ON_SERVER_CORE } from "./process.ts";
import { SEED } from "./settings.ts";

export interface StoreSize {
  readonly keys: number;
  readonly valueBytes: number;
}

const KEPT = process.env["STORES"] ?? "";
let ownRoot: string | null = null;

/** The store's directory. Requires: as much room in it as its values take, and half as much again. */
export async function filledStore(size: StoreSize): Promise<string> {
  const directory = join(rootDirectory(), `keys-${size.keys}-of-${size.valueBytes}`);
  if (existsSync(directory)) return directory;
  // One that was not filled to its end has another name.
  const draft = `${directory}.part`;
  rmSync(draft, { recursive: true, force: true });
  const startedAt = performance.now();
  const server = await startKeyhold({ args: ["--store", draft], launcher: ON_ALL_CORES });
  try {
    if (size.keys > 0) await fillStarted(server, stockOf(size));
  } finally {
    await server.stop();
  }
  renameSync(draft, directory);
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`- filled ${size.keys} keys of ${size.valueBytes} bytes in ${seconds.toFixed(1)} s`);
  return directory;
}

/** A server on such a store, with default settings, for the length of `body`. */
export async function withFilled<T>(size: StoreSize, body: (contender: Contender) => Promise<T>): Promise<T> {
  const directory = await filledStore(size);
  const server = await startKeyhold({ args: ["--store", directory], launcher: ON_SERVER_CORE });
  try {
    return await body(contenderOf(server, stockOf(size), { name: "Keyhold", about: "", stop: server.stop }));
  } finally {
    await server.stop();
  }
}

/** Those that are not to be kept. */
export function removeStores(): void {
  if (ownRoot !== null) removeDirectory(ownRoot);
}

function stockOf({ keys, valueBytes }: StoreSize): Stock {
  return { keys, values: new ValuePool(valueBytes, SEED) };
}

function rootDirectory(): string {
  if (KEPT !== "") {
    mkdirSync(KEPT, { recursive: true });
    return KEPT;
  }
  ownRoot ??= makeDirectory("stores");
  return ownRoot;
}
