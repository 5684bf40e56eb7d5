// Finds what has been entered under a key, or under a prefix of it, without looking at all that there is: a look-up for the
// key, and one for each length of prefix.
import type { Key } from "../../core/key.ts";

export class KeyIndex<T> {
  readonly #byKey = new Map<string, Set<T>>();
  readonly #byPrefix = new Map<string, Set<T>>();
  /** How many prefixes have this length. */
  readonly #prefixLengths = new Map<number, number>();

  addKey(key: Key, item: T): void {
    add(this.#byKey, key, item);
  }

  removeKey(key: Key, item: T): void {
    remove(this.#byKey, key, item);
  }

  addPrefix(prefix: string, item: T): void {
    const isNew = add(this.#byPrefix, prefix, item);
    if (isNew) this.#prefixLengths.set(prefix.length, (this.#prefixLengths.get(prefix.length) ?? 0) + 1);
  }

  removePrefix(prefix: string, item: T): void {
    if (!remove(this.#byPrefix, prefix, item)) return;
    const left = (this.#prefixLengths.get(prefix.length) ?? 1) - 1;
    if (left === 0) this.#prefixLengths.delete(prefix.length);
    else this.#prefixLengths.set(prefix.length, left);
  }

  /** What has been entered under the key, and under each of its prefixes. */
  *groupsOf(key: Key): Generator<ReadonlySet<T>> {
    const ofKey = this.#byKey.get(key);
    if (ofKey !== undefined) yield ofKey;
    for (const length of this.#prefixLengths.keys()) {
      if (length > key.length) continue;
      const ofPrefix = this.#byPrefix.get(key.slice(0, length));
      if (ofPrefix !== undefined) yield ofPrefix;
    }
  }
}

/** Whether the name is new. */
function add<T>(index: Map<string, Set<T>>, name: string, item: T): boolean {
  const standing = index.get(name);
  if (standing === undefined) index.set(name, new Set([item]));
  else standing.add(item);
  return standing === undefined;
}

/** Whether the name has none left. */
function remove<T>(index: Map<string, Set<T>>, name: string, item: T): boolean {
  const standing = index.get(name);
  standing?.delete(item);
  return standing?.size === 0 && index.delete(name);
}
