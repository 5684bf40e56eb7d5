// JSON that keeps its text, for the model: numbers as they were written, members in their order. Written apart from the server's own
// tree (src/wire), so that the two can disagree. A hole stands in an expected tree where only the server knows what comes.

export type Tree =
  | { readonly kind: "plain"; readonly text: string }
  | { readonly kind: "string"; readonly value: string; readonly text: string | null }
  | { readonly kind: "array"; readonly items: readonly Tree[]; readonly text: string | null }
  | { readonly kind: "object"; readonly members: readonly Member[]; readonly text: string | null }
  | { readonly kind: "hole"; readonly judge: Judge };

export type Member = readonly [name: string, value: Tree];

/** Says what is wrong with what stands there, or null. */
export type Judge = (tree: Tree) => string | null;

export const NULL: Tree = { kind: "plain", text: "null" };

const SPACE = /[ \t\n\r]*/y;
const PLAIN = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

/** Null where it is no JSON text. */
export function parseTree(text: string): Tree | null {
  const reader = new Reader(text);
  const tree = reader.value();
  return tree !== null && reader.isAtEnd() ? tree : null;
}

export function number(value: number): Tree {
  return { kind: "plain", text: String(value) };
}

export function boolean(value: boolean): Tree {
  return { kind: "plain", text: String(value) };
}

export function string(value: string): Tree {
  return { kind: "string", value, text: null };
}

export function array(items: readonly Tree[]): Tree {
  return { kind: "array", items, text: null };
}

export function object(members: readonly Member[]): Tree {
  return { kind: "object", members, text: null };
}

export function memberOf(tree: Tree, name: string): Tree | null {
  return tree.kind === "object" ? (tree.members.find(([each]) => each === name)?.[1] ?? null) : null;
}

/** As it was read, else without white space. */
export function printTree(tree: Tree): string {
  if (tree.kind === "hole") return "<what the server knows>";
  if (tree.kind === "plain") return tree.text;
  if (tree.text !== null) return tree.text;
  if (tree.kind === "string") return JSON.stringify(tree.value);
  if (tree.kind === "array") return `[${tree.items.map(printTree).join(",")}]`;
  return `{${tree.members.map(([name, value]) => `${JSON.stringify(name)}:${printTree(value)}`).join(",")}}`;
}

/** What differs, with its place; null where nothing does. White space and the spelling of strings do not count. */
export function differenceOf(expected: Tree, actual: Tree, place = ""): string | null {
  if (expected.kind === "hole") {
    const wrong = expected.judge(actual);
    return wrong === null ? null : `${place || "/"}: ${wrong}`;
  }
  const differs = () => `${place || "/"}: expected ${printTree(expected)}, got ${printTree(actual)}`;
  if (expected.kind === "plain") {
    return actual.kind === "plain" && actual.text === expected.text ? null : differs();
  }
  if (expected.kind === "string") {
    return actual.kind === "string" && actual.value === expected.value ? null : differs();
  }
  const [before, after] = [childrenOf(expected), childrenOf(actual)];
  if (expected.kind !== actual.kind || before.length !== after.length) return differs();
  for (const [index, [name, child]] of before.entries()) {
    const other = after[index];
    if (other === undefined || other[0] !== name) return differs();
    const difference = differenceOf(child, other[1], `${place}/${name}`);
    if (difference !== null) return difference;
  }
  return null;
}

function childrenOf(tree: Tree): readonly Member[] {
  if (tree.kind === "array") return tree.items.map((item, index) => [String(index), item]);
  return tree.kind === "object" ? tree.members : [];
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#take(SPACE);
    return this.#at === this.#text.length;
  }

  value(): Tree | null {
    this.#take(SPACE);
    const start = this.#at;
    const spelling = () => this.#text.slice(start, this.#at);
    const opening = this.#text[start];
    if (opening === "{") {
      const members = this.#several("}", () => this.#member());
      return members === null ? null : { kind: "object", members, text: spelling() };
    }
    if (opening === "[") {
      const items = this.#several("]", () => this.value());
      return items === null ? null : { kind: "array", items, text: spelling() };
    }
    if (opening === '"') {
      const value = this.#string();
      return value === null ? null : { kind: "string", value, text: spelling() };
    }
    const text = this.#take(PLAIN);
    return text === null ? null : { kind: "plain", text };
  }

  #member(): Member | null {
    this.#take(SPACE);
    const name = this.#string();
    if (name === null || !this.#skip(":")) return null;
    const value = this.value();
    return value === null ? null : [name, value];
  }

  #several<T>(end: string, next: () => T | null): readonly T[] | null {
    this.#at++;
    const found: T[] = [];
    if (this.#skip(end)) return found;
    for (;;) {
      const item = next();
      if (item === null) return null;
      found.push(item);
      if (this.#skip(end)) return found;
      if (!this.#skip(",")) return null;
    }
  }

  #string(): string | null {
    const text = this.#take(STRING);
    return text === null ? null : String(JSON.parse(text));
  }

  #skip(sign: string): boolean {
    this.#take(SPACE);
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }
}
