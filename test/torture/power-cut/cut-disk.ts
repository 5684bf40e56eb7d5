// A file system whose power can be cut: an image in a file, mounted over a loop device. The cut is the file system's own shutdown
// without a flush of its journal: what was not synced is gone, and every later write fails, as if the disk had lost its power. It
// cannot show a disk that loses its own cache or tears a sector; crash-states does that. Needs root.
//
// What is told after the cut has begun is not to be believed: seen on ext4 of Linux 6.18, an fsync that is under way when the journal is
// given up returns success without it. Where the power is gone, nobody would have been told.
//
// A program that makes a mount namespace of its own meanwhile, as `ip netns exec` does, takes a copy of every mount with it, and would
// keep the file system alive behind our back. So the mount stands in one that is shared, where it is unmounted for all.
import { dlopen } from "bun:ffi";
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, realpathSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { makeTemporaryDirectory, removeTemporaryDirectory } from "../../support/temporary-directory.ts";

/** Each with the program that makes it, and Debian's package that has that. */
export const FILE_SYSTEMS = {
  ext4: { make: ["mkfs.ext4", "-q", "-F"], package: "e2fsprogs" },
  xfs: { make: ["mkfs.xfs", "-q", "-f"], package: "xfsprogs" },
} as const;

export type FileSystem = keyof typeof FILE_SYSTEMS;

/** Sparse. XFS takes no less than 300 MiB. */
const IMAGE_BYTES = 512 * 1024 * 1024;
/** EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are one number: _IOR('X', 125, u32). */
const SHUTDOWN_REQUEST = 0x8004587d;
/** The journal is not flushed. */
const NO_LOG_FLUSH = 2;
const UNMOUNT_MS_MAX = 20_000;
const UNMOUNT_PAUSE_MS = 20;

export function isFileSystem(name: string | null): name is FileSystem {
  return name !== null && name in FILE_SYSTEMS;
}

export class CutDisk {
  /** Where it is mounted. */
  readonly mount: string;
  readonly #directory: string;
  readonly #image: string;
  readonly #lastResort: () => void;
  /** In the order in which they were made. */
  readonly #mounts: string[] = [];

  private constructor(directory: string) {
    this.#directory = realpathSync(directory);
    this.#image = join(this.#directory, "image");
    this.mount = join(this.#directory, "mount");
    this.#lastResort = () => {
      for (const path of [this.mount, this.#directory]) spawnSync("umount", ["-l", path]);
    };
  }

  /** Makes an image in a directory and mounts it there. @throws Error with what the system said */
  static make(directory: string, fileSystem: FileSystem): CutDisk {
    const disk = new CutDisk(directory);
    mkdirSync(disk.mount, { recursive: true });
    closeSync(openSync(disk.#image, "w"));
    truncateSync(disk.#image, IMAGE_BYTES);
    mustRun([...FILE_SYSTEMS[fileSystem].make, disk.#image]);
    process.on("exit", disk.#lastResort);
    try {
      mustRun(["mount", "--bind", disk.#directory, disk.#directory]);
      disk.#mounts.push(disk.#directory);
      mustRun(["mount", "--make-shared", disk.#directory]);
      disk.#attach();
    } catch (error) {
      disk.discard();
      throw error;
    }
    return disk;
  }

  /** Cuts the power, now. */
  cut(): void {
    const libc = dlopen("libc.so.6", { ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" } });
    const directory = openSync(this.mount, "r");
    try {
      const result = libc.symbols.ioctl(directory, SHUTDOWN_REQUEST, new Uint32Array([NO_LOG_FLUSH]));
      if (result !== 0) throw new Error(`The shutdown of ${this.mount} was refused`);
    } finally {
      closeSync(directory);
      libc.close();
    }
  }

  /** Gives it power again: the file system recovers as at the start of a machine. Requires: nobody has a file open there. */
  recover(): void {
    this.#detachLast();
    awaitRelease(this.#image);
    this.#attach();
  }

  /** Unmounts and removes it, whatever state it is in. */
  discard(): void {
    try {
      while (this.#mounts.length > 0) this.#detachLast();
    } catch {
      this.#lastResort();
    } finally {
      process.off("exit", this.#lastResort);
      rmSync(this.#image, { force: true });
    }
  }

  #attach(): void {
    mustRun(["mount", "-o", "loop", this.#image, this.mount]);
    this.#mounts.push(this.mount);
  }

  #detachLast(): void {
    const path = this.#mounts.at(-1) ?? this.mount;
    awaitSuccess(() => run(["umount", path]));
    this.#mounts.pop();
  }
}

/** What the machine lacks for it; null where a disk could be made, cut and mounted again. */
export function lacksCutDisk(fileSystem: FileSystem): string | null {
  const { make, package: name } = FILE_SYSTEMS[fileSystem];
  if (Bun.which(make[0]) === null) return `${make[0]} is missing; install ${name}`;
  const directory = makeTemporaryDirectory();
  let disk: CutDisk | null = null;
  try {
    disk = CutDisk.make(directory, fileSystem);
    disk.cut();
    disk.recover();
    return null;
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error);
    return `It mounts images of ${fileSystem} over loop devices, which needs root and a kernel that has both: ${why}`;
  } finally {
    disk?.discard();
    removeTemporaryDirectory(directory);
  }
}

/** Until no loop device has the image any more: as long as one does, the next mount would be of what was shut down. */
function awaitRelease(image: string): void {
  awaitSuccess(() => {
    const isHeld = readdirSync("/sys/block").some((device) => backingFile(device) === image);
    return isHeld ? `A loop device still holds ${image}: another mount namespace has it mounted` : null;
  });
}

/** Null of what is no loop device in use. */
function backingFile(device: string): string | null {
  try {
    return readFileSync(`/sys/block/${device}/loop/backing_file`, "utf8").trim();
  } catch {
    return null;
  }
}

/** Patient: a process that has just ended may still be closing its files. */
function awaitSuccess(attempt: () => string | null): void {
  const givenUpAt = performance.now() + UNMOUNT_MS_MAX;
  for (let problem = attempt(); problem !== null; problem = attempt()) {
    if (performance.now() > givenUpAt) throw new Error(problem);
    Bun.sleepSync(UNMOUNT_PAUSE_MS);
  }
}

function mustRun(command: readonly string[]): void {
  const output = run(command);
  if (output !== null) throw new Error(output);
}

/** Null where it went well, else a sentence on how it did not. */
function run([program = "", ...args]: readonly string[]): string | null {
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return status === 0 ? null : `${program} ${args.join(" ")} exited ${status}: ${stderr}`;
}
