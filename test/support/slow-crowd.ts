// Slow clients by the thousand, in a process of their own (slow_crowd.py): what they are told to be, and how each of them ended.
import { join } from "node:path";
import { linesOf } from "./lines-of.ts";

/** What there are to be of each kind; slow_crowd.py says what each does. */
export interface SlowCounts {
  /** A head that comes by a byte a second, and never ends. */
  readonly head: number;
  /** A body of known length that comes by 25 bytes a second. */
  readonly body: number;
  /** A chunked one, by a chunk a second. */
  readonly chunks: number;
  /** A connection that says nothing at all. */
  readonly silent: number;
  /** Reads of large values, sent at once, of whose answers nothing is taken. */
  readonly stalled: number;
  /** The same of one long listing. */
  readonly "stalled-listing": number;
  /** The same reads, with 64 bytes a second taken. */
  readonly trickle: number;
}

export type SlowKind = keyof SlowCounts;

export interface SlowEnd {
  readonly kind: SlowKind;
  /** From its first byte to its end. */
  readonly seconds: number;
  /** The first of what came, unless it is a reader of answers. */
  readonly received: string;
}

export interface SlowCrowdOptions {
  readonly command: string;
  readonly url: string;
  readonly counts: SlowCounts;
  /** Whether one that is cut is followed by another. */
  readonly isReplaced: boolean;
}

export interface SlowCrowd {
  /** Those that the server has ended so far. */
  readonly ends: readonly SlowEnd[];
  /** Resolves at the next end, or when the crowd has gone. */
  nextEnd(): Promise<void>;
}

/** So many heads, so many bodies, so many readers, and so many that say nothing. */
export function crowdOf(connections: number): SlowCounts {
  const [half, quarter] = [connections / 2, connections / 4];
  const uploads = { body: half, chunks: half };
  const readers = { stalled: half, "stalled-listing": quarter, trickle: quarter };
  return { head: connections, ...uploads, ...readers, silent: connections };
}

const PROGRAM = join(import.meta.dir, "slow_crowd.py");

/** A crowd for the length of `body`, which begins when all have begun. @param command - Python's */
export async function withSlowCrowd(
  { command, url, counts, isReplaced }: SlowCrowdOptions,
  body: (crowd: SlowCrowd) => Promise<void>,
): Promise<void> {
  const settings = JSON.stringify({ port: Number(new URL(url).port), counts, replace: isReplaced });
  const child = Bun.spawn([command, PROGRAM, settings], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const ends: SlowEnd[] = [];
  const attached = Promise.withResolvers<void>();
  let next = Promise.withResolvers<void>();
  const listen = async () => {
    for await (const line of linesOf(child.stdout)) {
      const { event, ...end } = JSON.parse(line);
      if (event === "attached") attached.resolve();
      else ends.push(end);
      next.resolve();
      next = Promise.withResolvers();
    }
    attached.reject(new Error("The crowd has gone before it was there"));
    next.resolve();
  };
  const listening = listen();
  try {
    await attached.promise;
    await body({ ends, nextEnd: () => next.promise });
  } finally {
    await child.stdin.end();
    await child.exited;
    await listening;
  }
}
