// Loaded into a server before it starts (`bun --preload`): a fault that is planted. It keeps memory that nobody needs and opens
// files that nobody closes, as a server with a leak does.
import { openSync } from "node:fs";

const LEAK_INTERVAL_MS = 100;
const LEAK_BYTES = 4 * 2 ** 20;

const kept: Uint8Array[] = [];
if (process.env["LEAK"] === "memory")
  setInterval(() => kept.push(new Uint8Array(LEAK_BYTES).fill(1)), LEAK_INTERVAL_MS);
if (process.env["LEAK"] === "descriptors") setInterval(() => openSync(import.meta.path, "r"), LEAK_INTERVAL_MS);
