// RFC 7396 and RFC 6902 on trees that keep their text, read anew from the standards.
import { array, type Member, memberOf, object, type Tree } from "./json-tree.ts";

/** @param target - null for what is missing */
export function mergePatch(target: Tree | null, patch: Tree): Tree {
  if (patch.kind !== "object") return patch;
  const members = new Map<string, Tree>(target?.kind === "object" ? target.members : []);
  for (const [name, value] of patch.members) {
    if (value.kind === "plain" && value.text === "null") members.delete(name);
    else members.set(name, mergePatch(members.get(name) ?? null, value));
  }
  return object([...members]);
}

/** The patched tree, or which operation could not be applied. Requires: operations that are well-formed. */
export function patchJson(target: Tree, patch: Tree): Tree | { readonly failedAt: number } {
  let document = target;
  const operations = patch.kind === "array" ? patch.items : [];
  for (const [index, operation] of operations.entries()) {
    const next = apply(document, operation);
    if (next === null) return { failedAt: index };
    document = next;
  }
  return document;
}

function apply(document: Tree, operation: Tree): Tree | null {
  const text = (name: string) => {
    const member = memberOf(operation, name);
    return member?.kind === "string" ? member.value : "";
  };
  const path = pointer(text("path"));
  const value = memberOf(operation, "value");
  switch (text("op")) {
    case "add":
      return value === null ? null : add(document, path, value);
    case "remove":
      return remove(document, path);
    case "replace":
      return value === null || find(document, path) === null ? null : replace(document, path, value);
    case "test": {
      const standing = find(document, path);
      return standing !== null && value !== null && areEqual(standing, value) ? document : null;
    }
    case "copy": {
      const source = find(document, pointer(text("from")));
      return source === null ? null : add(document, path, source);
    }
    default: {
      const from = pointer(text("from"));
      const source = find(document, from);
      // To where it is: no standard orders members, so nothing has to move.
      if (text("from") === text("path")) return source === null ? null : document;
      const without = source === null ? null : remove(document, from);
      return source === null || without === null ? null : add(without, path, source);
    }
  }
}

function pointer(text: string): readonly string[] {
  return text
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(tree: Tree, [token, ...rest]: readonly string[]): Tree | null {
  if (token === undefined) return tree;
  const child = tree.kind === "array" ? tree.items[indexOf(token, tree.items.length)] : memberOf(tree, token);
  return child == null ? null : find(child, rest);
}

/** With another tree in the place of one that is there. */
function replace(tree: Tree, [token, ...rest]: readonly string[], value: Tree): Tree {
  if (token === undefined) return value;
  if (tree.kind === "array") {
    const place = indexOf(token, tree.items.length);
    return array(tree.items.map((item, index) => (index === place ? replace(item, rest, value) : item)));
  }
  if (tree.kind !== "object") return tree;
  return object(
    tree.members.map(([name, child]): Member => [name, name === token ? replace(child, rest, value) : child]),
  );
}

function add(document: Tree, path: readonly string[], value: Tree): Tree | null {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parentPath = path.slice(0, -1);
  const parent = find(document, parentPath);
  if (parent?.kind === "array") {
    const place = last === "-" ? parent.items.length : indexOf(last, parent.items.length + 1);
    return place < 0 ? null : replace(document, parentPath, array(parent.items.toSpliced(place, 0, value)));
  }
  if (parent?.kind !== "object") return null;
  if (memberOf(parent, last) !== null) return replace(document, path, value);
  return replace(document, parentPath, object([...parent.members, [last, value]]));
}

function remove(document: Tree, path: readonly string[]): Tree | null {
  const last = path.at(-1);
  const parentPath = path.slice(0, -1);
  const parent = find(document, parentPath);
  if (last === undefined || parent === null || find(document, path) === null) return null;
  if (parent.kind === "array") return replace(document, parentPath, array(parent.items.toSpliced(Number(last), 1)));
  if (parent.kind !== "object") return null;
  return replace(document, parentPath, object(parent.members.filter(([name]) => name !== last)));
}

/** -1 where it is no place in an array so long. */
function indexOf(token: string, length: number): number {
  return /^(?:0|[1-9]\d*)$/.test(token) && Number(token) < length ? Number(token) : -1;
}

/** RFC 6902 §4.6: numbers by value, members in any order. */
function areEqual(one: Tree, other: Tree): boolean {
  if (one.kind === "plain" && other.kind === "plain") {
    return one.text === other.text || (/\d/.test(one.text) && Number(one.text) === Number(other.text));
  }
  if (one.kind === "string") return other.kind === "string" && one.value === other.value;
  if (one.kind === "array" && other.kind === "array") {
    return one.items.length === other.items.length && one.items.every((item, at) => isEqualTo(other.items[at], item));
  }
  if (one.kind !== "object" || other.kind !== "object" || one.members.length !== other.members.length) return false;
  return one.members.every(([name, child]) => isEqualTo(memberOf(other, name) ?? undefined, child));
}

function isEqualTo(one: Tree | undefined, other: Tree): boolean {
  return one !== undefined && areEqual(one, other);
}
