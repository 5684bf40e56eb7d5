// A wall clock for another program that is turned while it runs, by Debian's libfaketime. Its monotonic clock stays true.
import { spawnSync } from "node:child_process";
import { existsSync, renameSync, writeFileSync } from "node:fs";

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64" };
const LIBRARY = `/usr/lib/${ARCHITECTURES[process.arch] ?? process.arch}-linux-gnu/faketime/libfaketimeMT.so.1`;
const PROBE_MS = 86_400_000;

export class FakedClock {
  readonly #file: string;
  #aheadMs = 0;

  /** @param file - that says how far ahead it is; made here */
  constructor(file: string) {
    this.#file = file;
    this.turn(0);
  }

  /** What the program is started behind. */
  get wrapper(): readonly string[] {
    return [
      "env",
      `LD_PRELOAD=${LIBRARY}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      "FAKETIME_NO_CACHE=1",
      "FAKETIME_DONT_FAKE_MONOTONIC=1",
      "NO_FAKE_STAT=1",
    ];
  }

  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** What the program is told now. */
  now(): number {
    return Date.now() + this.#aheadMs;
  }

  /**
   * @param aheadMs - before or behind the true clock; of whole seconds, as a thread that asks while the fraction and the seconds
   *   are changed sees the one new and the other old
   */
  turn(aheadMs: number): void {
    if (aheadMs % 1000 !== 0) throw new RangeError(`${aheadMs} ms are no whole seconds`);
    this.#aheadMs = aheadMs;
    writeFileSync(`${this.#file}.new`, `${aheadMs < 0 ? "-" : "+"}${Math.abs(aheadMs) / 1000}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** What is missing for it here; null where it works. */
export function lacksFakedClock(): string | null {
  const hint = "Install libfaketime (apt-get install faketime).";
  if (!existsSync(LIBRARY)) return `It needs libfaketime, and there is no ${LIBRARY}. ${hint}`;
  const environment = { LD_PRELOAD: LIBRARY, FAKETIME: `+${PROBE_MS / 1000}` };
  const { stdout } = spawnSync(process.execPath, ["-e", "console.log(Date.now())"], { env: environment });
  const isAhead = Number(stdout) - Date.now() > PROBE_MS / 2;
  return isAhead ? null : `libfaketime does not move the clock of another Bun here. ${hint}`;
}
