// What memory a process has had, where the system tells (Linux).
import { readFileSync } from "node:fs";

export const tellsMemory = process.platform === "linux";

/** The most that the process has had resident, in bytes. */
export function peakResidentBytes(pid: number): number {
  return readStatus(pid, "VmHWM");
}

/** What the process has resident now, in bytes. */
export function residentBytes(pid: number): number {
  return readStatus(pid, "VmRSS");
}

function readStatus(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1]) * 1024;
}
