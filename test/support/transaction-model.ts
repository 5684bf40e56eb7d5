// What POST /-/txn must do (contract §10), on a Map: a second reading of the contract, written without the sources, that
// random transactions are compared with. Instants that a server gives are no part of it.

export type Check = { readonly key: string } & (
  | { readonly revision: number }
  | { readonly absent: true }
  | { readonly exists: true }
);

export type Operation =
  | {
      readonly put: {
        readonly key: string;
        readonly value: unknown;
        readonly content_type?: string;
        readonly expire_at?: string;
      };
    }
  | { readonly delete: { readonly key: string } }
  | {
      readonly incr: {
        readonly key: string;
        readonly by?: number;
        readonly initial?: number;
        readonly min?: number;
        readonly max?: number;
      };
    }
  | { readonly touch: { readonly key: string } & ({ readonly expire_at: string } | { readonly persist: true }) }
  | { readonly get: { readonly key: string } };

export interface Transaction {
  readonly checks: readonly Check[];
  readonly ops: readonly Operation[];
  readonly else: readonly { readonly get: { readonly key: string } }[];
}

/** What is compared of an answer: a code stands for any problem but a failed check. */
export type Expected =
  | { readonly revision: number; readonly results: readonly unknown[] }
  | { readonly failures: readonly unknown[]; readonly else: readonly unknown[] }
  | { readonly code: string; readonly operation: number | null };

interface ModelEntry {
  readonly bytes: string;
  readonly contentType: string;
  readonly revision: number;
  readonly expiresAt: string | null;
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
const TEXT_TYPE = "text/plain; charset=utf-8";
const JSON_TYPE = "application/json";

export class TransactionModel {
  #entries = new Map<string, ModelEntry>();
  #revision = 0;

  /** All entries in key order, as `?meta` shows them but for instants. */
  state(): readonly unknown[] {
    const keys = [...this.#entries.keys()].toSorted();
    return keys.map((key) => this.#shown(key));
  }

  /** Those of these keys that there are, likewise. */
  entries(keys: readonly string[]): readonly unknown[] {
    const there = keys.filter((key) => this.#entries.has(key));
    return there.toSorted().map((key) => this.#shown(key));
  }

  revisionOf(key: string): number | null {
    return this.#entries.get(key)?.revision ?? null;
  }

  /** The model as it is now; what becomes of either is nothing to the other. */
  fork(): TransactionModel {
    const fork = new TransactionModel();
    // It is never changed, only replaced.
    fork.#entries = this.#entries;
    fork.#revision = this.#revision;
    return fork;
  }

  /** @param revision - that a commit of it has, where the store has said so */
  apply({ checks, ops, else: otherwise }: Transaction, revision = this.#revision + 1): Expected {
    const written = ops.filter((operation) => !("get" in operation)).map(keyOf);
    if (new Set(written).size < written.length) return { code: "invalid-request", operation: null };
    const failures = checks.flatMap((check, index) =>
      this.#holds(check) ? [] : [{ check: index, key: check.key, revision: this.revisionOf(check.key) }],
    );
    if (failures.length > 0) return { failures, else: otherwise.map(({ get }) => ({ get: this.#shown(get.key) })) };
    const before = this.#entries;
    for (const [index, operation] of ops.entries()) {
      const code = "incr" in operation ? this.#misfit(operation.incr) : null;
      if (code !== null) return { code, operation: index };
    }
    const isChange = ops.some(
      (each) => "put" in each || "incr" in each || ("delete" in each && before.has(each.delete.key)),
    );
    if (isChange) this.#revision = revision;
    this.#entries = new Map(before);
    const results = ops.map((operation) => this.#write(operation));
    const shown = results.map((result, index) => {
      const operation = ops[index];
      return operation !== undefined && "get" in operation ? { get: this.#shown(operation.get.key) } : result;
    });
    return { revision: this.#revision, results: shown };
  }

  #holds(check: Check): boolean {
    const revision = this.revisionOf(check.key);
    if ("revision" in check) return revision === check.revision;
    return "absent" in check ? revision === null : revision !== null;
  }

  #misfit(incr: Extract<Operation, { incr: unknown }>["incr"]): string | null {
    const entry = this.#entries.get(incr.key);
    const isInteger = entry === undefined || (INTEGER.test(entry.bytes) && Number.isSafeInteger(Number(entry.bytes)));
    if (!isInteger) return "not-an-integer";
    const sum = this.#sum(incr);
    const isWithin =
      sum >= BigInt(incr.min ?? Number.MIN_SAFE_INTEGER) && sum <= BigInt(incr.max ?? Number.MAX_SAFE_INTEGER);
    return isWithin ? null : "out-of-range";
  }

  #sum({ key, by = 1, initial = 0 }: Extract<Operation, { incr: unknown }>["incr"]): bigint {
    return BigInt(this.#entries.get(key)?.bytes ?? initial) + BigInt(by);
  }

  #write(operation: Operation): unknown {
    const key = keyOf(operation);
    const before = this.#entries.get(key);
    const created = before === undefined;
    if ("put" in operation) {
      const { value, content_type, expire_at = null } = operation.put;
      const bytes = typeof value === "string" ? value : JSON.stringify(value);
      const contentType = content_type ?? (typeof value === "string" ? TEXT_TYPE : JSON_TYPE);
      this.#entries.set(key, { bytes, contentType, revision: this.#revision, expiresAt: expire_at });
      return { put: { key, created, expires_at: expire_at } };
    }
    if ("incr" in operation) {
      const sum = this.#sum(operation.incr);
      const { contentType = JSON_TYPE, expiresAt = null } = before ?? {};
      this.#entries.set(key, { bytes: String(sum), contentType, revision: this.#revision, expiresAt });
      return { incr: { key, value: Number(sum), created, expires_at: expiresAt } };
    }
    if ("touch" in operation) {
      if (before === undefined) return { touch: null };
      const expiresAt = "expire_at" in operation.touch ? operation.touch.expire_at : null;
      this.#entries.set(key, { ...before, expiresAt });
      return { touch: { key, expires_at: expiresAt } };
    }
    if ("delete" in operation) {
      this.#entries.delete(key);
      return { delete: { key, deleted: created ? 0 : 1 } };
    }
    return null;
  }

  #shown(key: string): unknown {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    const { bytes, contentType, revision, expiresAt } = entry;
    const value: unknown = contentType === JSON_TYPE ? JSON.parse(bytes) : bytes;
    return { key, value, content_type: contentType, size: bytes.length, revision, expires_at: expiresAt };
  }
}

function keyOf(operation: Operation): string {
  for (const { key } of Object.values(operation)) return key;
  throw new Error("An operation has one member");
}
