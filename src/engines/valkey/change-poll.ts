// Notices changes that other servers have logged, as long as anybody wants to know: looks at the end of each partition's
// log, often while things happen and less often when they do not. What this server commits itself wakes at once.
//
// Why by looking: a look is a command a partition, holds nothing open and has nothing to lose in a failover; a subscription
// would have to be made anew, with a look behind it for what was missed.
import { KeyholdError } from "../../core/errors.ts";
import type { Partition } from "./layout.ts";
import { toList, toText } from "./reply-shapes.ts";
import type { Servers } from "./servers.ts";

export interface ChangePollOptions {
  readonly servers: Pick<Servers, "read">;
  readonly partitions: readonly Partition[];
}

/** How often it is looked while there are changes, and how seldom at most, in ms. */
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;
const PAUSE_GROWTH = 1.3;

export class ChangePoll {
  readonly #options: ChangePollOptions;
  readonly #wakes = new Set<() => void>();
  readonly #ends = new Map<Partition, string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pauseMs = SHORTEST_PAUSE_MS;
  #isLooking = false;
  #isClosed = false;

  constructor(options: ChangePollOptions) {
    this.#options = options;
  }

  /** As Store.onChange. */
  onChange(wake: () => void): () => void {
    this.#wakes.add(wake);
    this.#plan();
    return () => {
      this.#wakes.delete(wake);
      if (this.#wakes.size === 0) this.#halt();
    };
  }

  /** To be called when this server has logged changes. */
  wake(): void {
    this.#pauseMs = SHORTEST_PAUSE_MS;
    for (const wake of this.#wakes) wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#halt();
  }

  /** A look that is under way plans the next one itself. */
  #plan(): void {
    if (this.#timer !== null || this.#isLooking || this.#isClosed || this.#wakes.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), this.#pauseMs);
  }

  #halt(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #look(): Promise<void> {
    this.#timer = null;
    this.#isLooking = true;
    const looks = await Promise.allSettled(this.#options.partitions.map((partition) => this.#hasMoved(partition)));
    // What one partition has told is not told again, so it wakes also where another could not be asked.
    if (looks.some((look) => look.status === "fulfilled" && look.value)) this.wake();
    else this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * PAUSE_GROWTH);
    for (const look of looks) {
      if (look.status === "fulfilled") continue;
      // The engine is away: whoever reads says so, and the next look may find it again.
      if (!(look.reason instanceof KeyholdError)) throw look.reason;
      this.#pauseMs = LONGEST_PAUSE_MS;
    }
    this.#isLooking = false;
    this.#plan();
  }

  async #hasMoved(partition: Partition): Promise<boolean> {
    const { slot, log } = partition;
    const [newest] = toList(await this.#options.servers.read(slot, ["XREVRANGE", log, "+", "-", "COUNT", "1"]));
    const end = newest === undefined ? "" : toText(toList(newest)[0] ?? null);
    const known = this.#ends.get(partition);
    this.#ends.set(partition, end);
    // Also on the first look: what was logged before it may have woken nobody.
    return known !== end;
  }
}
