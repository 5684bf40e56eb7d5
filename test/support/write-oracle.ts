// Remembers what a server acknowledged, over any number of its deaths. Each writer owns its keys and has one write under way
// at a time; so after a death every key stands as last acknowledged, or as the one unanswered write would leave it, and the
// keys of one write go together.

/** Values by key; null for no entry. */
export type Outcome = ReadonlyMap<string, string | null>;

const SHOWN_MAX = 60;

export class WriteOracle {
  readonly #acknowledged = new Map<string, string | null>();
  readonly #underWay = new Set<Outcome>();
  /** What was last refused of each key since the last comparison. */
  readonly #refused = new Map<string, string | null>();
  #acknowledgements = 0;
  #refusals = 0;
  #unknown = 0;
  #applied = 0;

  get acknowledgements(): number {
    return this.#acknowledgements;
  }

  get refusals(): number {
    return this.#refusals;
  }

  /** Writes that were never answered, up to the last comparison; and how many of them were found applied. */
  get unknown(): { readonly all: number; readonly applied: number } {
    return { all: this.#unknown, applied: this.#applied };
  }

  /** What is acknowledged for a key now. */
  expected(key: string): string | null {
    return this.#acknowledged.get(key) ?? null;
  }

  /** Runs one write: acknowledged when it returns true, surely not applied on false, unknown when it throws. */
  async write(outcome: Outcome, send: () => Promise<boolean>): Promise<void> {
    this.#underWay.add(outcome);
    const isAcknowledged = await send();
    this.#underWay.delete(outcome);
    if (!isAcknowledged) {
      this.#refusals++;
      for (const [key, value] of outcome) this.#refused.set(key, value);
      return;
    }
    this.#acknowledgements++;
    this.#settle(outcome);
  }

  /**
   * Compares what a restarted server holds, and takes it as the new truth.
   *
   * @returns one sentence for each difference
   */
  check(held: ReadonlyMap<string, string>): readonly string[] {
    const differences: string[] = [];
    for (const outcome of this.#underWay) {
      const isApplied = [...outcome].every(([key, value]) => (held.get(key) ?? null) === value);
      this.#unknown++;
      if (!isApplied) continue;
      this.#applied++;
      this.#settle(outcome);
    }
    this.#underWay.clear();
    for (const [key, value] of this.#acknowledged) {
      const actual = held.get(key) ?? null;
      if (actual === value) continue;
      const note = actual !== null && this.#refused.get(key) === actual ? ", which was refused" : "";
      differences.push(`${key}: acknowledged ${show(value)}, found ${show(actual)}${note}`);
    }
    this.#refused.clear();
    for (const key of held.keys()) {
      if (!this.#acknowledged.has(key)) differences.push(`${key}: found, and no write of it was acknowledged`);
    }
    return differences;
  }

  #settle(outcome: Outcome): void {
    for (const [key, value] of outcome) this.#acknowledged.set(key, value);
  }
}

/** Long values by how they begin. */
function show(value: string | null): string | null {
  return value === null || value.length <= SHOWN_MAX ? value : `${value.slice(0, SHOWN_MAX)}…`;
}
