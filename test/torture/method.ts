// What every method of the torture is: rounds under one kind of fault, after which nothing that docs/guarantees.md promises may be
// broken. A method reports what it saw and never asserts, so that the same rounds serve the tests (suite.ts) and the command
// (torture.ts). One that could not find a broken promise proves nothing: each has faults that are planted on request.

export interface Method {
  /** The subcommand. */
  readonly name: string;
  /** One sentence for --help and the report, without its full stop. */
  readonly summary: string;
  /** What a round is, in the plural, as "kills". */
  readonly unit: string;
  /** How many rounds a test makes, and how many stand behind the published figures. */
  readonly rounds: { readonly short: number; readonly long: number };
  /** What it can be run on, each with figures of its own, as ["ext4", "xfs"]; empty where there is one. */
  readonly variants: readonly string[];
  /** At least one. */
  readonly plants: readonly Plant[];
  /** A sentence on what the machine lacks for it and what to install; null where it can run. */
  readonly lacks: (variant: string | null) => string | null;
  /** Throws where it cannot go on. With a plant always: what stops a run is not the fault that was planted, and must not pass for it. */
  readonly run: (run: Run) => Promise<Findings>;
}

/** A fault of ours on purpose. */
export interface Plant {
  /** As "one-byte-changed". */
  readonly name: string;
  /** What is broken, without a full stop. */
  readonly summary: string;
  /** What is said of it where it is found. Another fault, as one of the machine, is no proof that it was. */
  readonly finds: RegExp;
  /** Rounds after which it must have been found. */
  readonly rounds: number;
  /** The variants that it can be planted on; without them, every one. */
  readonly on?: readonly string[];
}

/** Those that can be planted on a variant. */
export function plantsOn({ plants }: Method, variant: string | null): readonly Plant[] {
  return plants.filter(({ on }) => on === undefined || (variant !== null && on.includes(variant)));
}

/** What a method is asked to do. */
export interface Run {
  readonly rounds: number;
  /** Of every draw: the same seed gives the same draws, though not the same timing of a server. */
  readonly seed: number;
  /** One of the method's variants; null where it has none. */
  readonly variant: string | null;
  /** The name of the plant; null for none. */
  readonly plant: string | null;
  /** Empty at first, and removed by the caller. */
  readonly directory: string;
  /** For a line on how far it is. */
  readonly say: (line: string) => void;
}

/** What came of it. */
export interface Findings {
  /** In the order of the table, each under what it counts, as "acknowledged writes". A text where a number does not say it. */
  readonly figures: Readonly<Record<string, number | string>>;
  /** One sentence for each promise that was broken; empty where all were kept. May be cut off after some. */
  readonly faults: readonly string[];
}

/** Of the sentences that are kept: what is broken is seen from the first. */
export const FAULTS_MAX = 20;
