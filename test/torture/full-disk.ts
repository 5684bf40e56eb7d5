// A full disk, for real: a small tmpfs that is filled until writes are 507, again and again, with a kill, a backup or another program's
// file on top. Reads and deletes go on, writes come back with the room, and nothing acknowledged is lost on the way.
import type { Database } from "bun:sqlite";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { closeWhole, openReader } from "../../src/engines/sqlite/database.ts";
import { storeFiles } from "../../src/engines/sqlite/layout.ts";
import { removeEntries } from "../support/forged-database.ts";
import { pollUntil } from "../support/poll-until.ts";
import { makeSeededRandom, type SeededRandom } from "../support/seeded-random.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { FAULTS_MAX, type Findings, type Method, type Run } from "./method.ts";

const DISK_MIB = 48;
const VALUE_BYTES = 512 * 1024;
/** More than the disk can hold. */
const WRITES_MAX = (DISK_MIB * 1024 * 1024) / VALUE_BYTES;
const PATIENCE_MS = 60_000;
const RESERVE = ["--disk-reserve", "12MiB"];
/** What comes on top while the disk is full, in turn. */
const TROUBLES = ["kill", "backup", "foreign", "none"] as const;
/** Of deletes, and so of acknowledged entries that are kept from a cycle to the next. */
const KEPT_ONE_IN = 8;
const DELETES_WITHOUT_ROOM = 4;

export const fullDisk: Method = {
  name: "full-disk",
  summary: "Fills a small disk until writes are refused: reads and deletes go on, writes come back, nothing is lost",
  unit: "cycles",
  rounds: { short: 4, long: 60 },
  variants: [],
  plants: [
    {
      name: "entry-removed",
      summary: "an acknowledged entry is removed from the database of a server that was killed on the full disk",
      finds: /was acknowledged, and reads as 404/,
      rounds: 1,
    },
  ],
  lacks,
  run,
};

function lacks(): string | null {
  const directory = `/tmp/keyhold-mount-${process.pid}-${performance.now()}`;
  mkdirSync(directory);
  const isMounted = mount(directory);
  if (isMounted) spawnSync("umount", [directory]);
  rmSync(directory, { recursive: true });
  return isMounted ? null : "It mounts a tmpfs, which needs root: run it as root";
}

function mount(directory: string): boolean {
  return spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_MIB}m`, "tmpfs", directory]).status === 0;
}

async function run({ rounds, seed, plant, directory, say }: Run): Promise<Findings> {
  const disk = join(directory, "disk");
  mkdirSync(disk);
  if (!mount(disk)) throw new Error("The tmpfs cannot be mounted");
  const cycles = new Cycles(disk, makeSeededRandom(seed), plant);
  try {
    for (let cycle = 0; cycle < rounds && cycles.faults.length === 0; cycle++) {
      if (cycle > 0 && cycle % Math.ceil(rounds / 12) === 0) say(`${cycle} of ${rounds}`);
      await cycles.runOne(cycle);
    }
  } finally {
    await cycles.stop();
    spawnSync("umount", [disk]);
  }
  const faults = cycles.faults.slice(0, FAULTS_MAX).map((fault) => `seed ${seed}, ${fault}`);
  return { figures: cycles.figures, faults };
}

class Cycles {
  readonly faults: string[] = [];
  readonly #disk: string;
  readonly #random: SeededRandom;
  readonly #plant: string | null;
  readonly #counts = {
    writes: 0,
    refusals: 0,
    reads: 0,
    deletes: 0,
    deletesRefused: 0,
    kills: 0,
    backups: 0,
    foreign: 0,
  };
  /** What was acknowledged, by what its value repeats. */
  readonly #held = new Map<string, string>();
  #server: ServerProcess | null = null;
  #cycle = 0;

  constructor(disk: string, random: SeededRandom, plant: string | null) {
    this.#disk = disk;
    this.#random = random;
    this.#plant = plant;
  }

  get figures(): Findings["figures"] {
    const { writes, refusals, reads, deletes, deletesRefused, kills, backups, foreign } = this.#counts;
    return {
      "acknowledged writes": writes,
      "writes refused with 507": refusals,
      "entries read on a full disk": reads,
      deletes,
      "deletes refused with 507 beside another program": deletesRefused,
      kills,
      "backups refused with 507": backups,
      "disks filled to the last byte": foreign,
      broken: this.faults.length,
    };
  }

  async runOne(cycle: number): Promise<void> {
    this.#cycle = cycle;
    const trouble = TROUBLES[cycle % TROUBLES.length] ?? "none";
    const server = await this.#start();
    await this.#fill(server, async () => {
      if (trouble === "foreign") await this.#fillToTheLastByte(server);
    });
    await this.#readAll(server);
    if (trouble === "kill") await this.#killFull(server);
    if (trouble === "backup") await this.#backUp(server);
    await this.#deleteMost();
    await this.#writeAgain();
    await this.#compareNames();
    // Another number of serving threads for the next ones.
    if (trouble === "none") await this.stop();
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    server.kill("SIGTERM");
    const code = await server.exited;
    if (code !== 0) this.#blame(`the server ended with exit code ${code}: ${server.output().slice(-500)}`);
  }

  #blame(what: string): void {
    this.faults.push(`cycle ${this.#cycle}: ${what}`);
  }

  async #start(): Promise<ServerProcess> {
    const workers = ["--workers", String(1 + (Math.floor(this.#cycle / TROUBLES.length) % 2))];
    this.#server ??= await startServerProcess(["--store", this.#store, ...RESERVE, ...workers]);
    return this.#server;
  }

  get #store(): string {
    return join(this.#disk, "store");
  }

  /** Every second time with a reader that holds the log, as a backup does. @param then - while it still holds it */
  async #fill(server: ServerProcess, then: () => Promise<void>): Promise<void> {
    const reading = this.#cycle % 2 === 0 ? holdLog(this.#store) : null;
    try {
      await this.#putUntilFull(server);
      await then();
    } finally {
      if (reading !== null) closeWhole(reading);
    }
  }

  async #putUntilFull(server: ServerProcess): Promise<void> {
    for (let index = 0; index < WRITES_MAX; index++) {
      const status = await this.#put(server, `c${this.#cycle}k${index}`);
      if (status === 507) return;
      if (status !== 201) return this.#blame(`a write was answered ${status}`);
    }
    this.#blame(`${WRITES_MAX} writes did not fill the disk`);
  }

  async #put(server: ServerProcess, key: string): Promise<number> {
    const unit = `${this.#random.below(2 ** 31)}`.padStart(16);
    const response = await fetch(`${server.url}/keys/${key}`, {
      method: "PUT",
      body: unit.repeat(VALUE_BYTES / unit.length),
      headers: { "Content-Type": "text/plain" },
    });
    const text = await response.text();
    if (response.ok) {
      this.#counts.writes++;
      this.#held.set(key, unit);
    } else if (response.status === 507 && text.includes("no-room")) this.#counts.refusals++;
    return response.status;
  }

  async #readAll(server: ServerProcess): Promise<void> {
    for (const [key, unit] of this.#held) {
      const response = await fetch(`${server.url}/keys/${key}`, { headers: { Accept: "text/plain" } });
      const text = await response.text();
      this.#counts.reads++;
      if (text !== unit.repeat(VALUE_BYTES / unit.length)) {
        this.#blame(`${key} was acknowledged, and reads as ${response.status} ${text.slice(0, 200)}`);
      }
    }
  }

  async #killFull(server: ServerProcess): Promise<void> {
    this.#server = null;
    server.kill("SIGKILL");
    await server.exited;
    this.#counts.kills++;
    if (this.#plant === "entry-removed") removeEntries(storeFiles(this.#store).database, "select min(id) from entries");
    await this.#readAll(await this.#start());
  }

  /** A copy needs as much room as the store takes, which there is not. */
  async #backUp(server: ServerProcess): Promise<void> {
    this.#counts.backups++;
    const response = await fetch(`${server.url}/-/backup`);
    await response.bytes();
    if (response.status !== 507) this.#blame(`a backup on a full disk was answered ${response.status}`);
    await this.#readAll(server);
  }

  /** Somebody else takes the reserve too: deletes are refused then, where the log has no room left. */
  async #fillToTheLastByte(server: ServerProcess): Promise<void> {
    this.#counts.foreign++;
    const foreign = join(this.#disk, "foreign");
    fillFile(foreign);
    await this.#readAll(server);
    for (const key of [...this.#held.keys()].slice(0, DELETES_WITHOUT_ROOM)) await this.#delete(server, key, true);
    const status = await this.#put(server, `c${this.#cycle}late`);
    if (status !== 507) this.#blame(`a write on a disk without a byte was answered ${status}`);
    rmSync(foreign);
  }

  async #deleteMost(): Promise<void> {
    const server = await this.#start();
    for (const key of [...this.#held.keys()]) {
      if (!this.#random.oneIn(KEPT_ONE_IN)) await this.#delete(server, key, false);
    }
  }

  async #delete(server: ServerProcess, key: string, mayBeRefused: boolean): Promise<void> {
    const response = await fetch(`${server.url}/keys/${key}`, { method: "DELETE" });
    const text = await response.text();
    if (response.status === 200) {
      this.#counts.deletes++;
      this.#held.delete(key);
    } else if (mayBeRefused && response.status === 507) this.#counts.deletesRefused++;
    else this.#blame(`the delete of ${key} was answered ${response.status} ${text.slice(0, 200)}`);
  }

  /** Freed pages are the database's own; the log gives its room back with the next checkpoint. */
  async #writeAgain(): Promise<void> {
    const server = await this.#start();
    let status = 0;
    await pollUntil(
      async () => {
        status = await this.#put(server, `c${this.#cycle}again`);
        return status !== 507;
      },
      { ms: PATIENCE_MS, what: () => "Writes do not come back with the room" },
    ).catch((error: unknown) => this.#blame(String(error)));
    if (status !== 201) this.#blame(`with room again a write was answered ${status}`);
  }

  async #compareNames(): Promise<void> {
    const server = await this.#start();
    const names: unknown = await (await fetch(`${server.url}/keys?keys`)).json();
    const held = [...this.#held.keys()].toSorted();
    if (!Bun.deepEquals(names, held)) this.#blame(`it holds ${JSON.stringify(names)}, not ${JSON.stringify(held)}`);
  }
}

/** A read transaction, until it is closed. */
function holdLog(directory: string): Database {
  const db = openReader(storeFiles(directory));
  db.run("begin");
  db.prepare("select count(*) from state").get();
  return db;
}

/** Takes every byte that is left. */
function fillFile(path: string): void {
  for (let bytes = 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) writeFileSync(path, new Uint8Array(bytes), { flag: "a" });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
}
