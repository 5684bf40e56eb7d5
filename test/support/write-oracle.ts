// Remembers what a server acknowledged, over any number of its deaths. Each writer owns its keys and has one write under way
// at a time; so after a death every key stands as last acknowledged, or as the one unanswered write would leave it, and the
// keys of one write go together.

/** Values by key; null for no entry. */
export type Outcome = ReadonlyMap<string, string | null>;

export class WriteOracle {
  readonly #acknowledged = new Map<string, string | null>();
  readonly #underWay = new Set<Outcome>();
  #acknowledgements = 0;

  get acknowledgements(): number {
    return this.#acknowledgements;
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
    if (!isAcknowledged) return;
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
      if (isApplied) this.#settle(outcome);
    }
    this.#underWay.clear();
    for (const [key, value] of this.#acknowledged) {
      const actual = held.get(key) ?? null;
      if (actual !== value) differences.push(`${key}: acknowledged ${value}, found ${actual}`);
    }
    for (const key of held.keys()) {
      if (!this.#acknowledged.has(key)) differences.push(`${key}: found, and nobody wrote it`);
    }
    return differences;
  }

  #settle(outcome: Outcome): void {
    for (const [key, value] of outcome) this.#acknowledged.set(key, value);
  }
}
