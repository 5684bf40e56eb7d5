// JSON Merge Patch (RFC 7396) on JSON texts: members that the patch does not name keep their text and their place. Why not
// a library: docs/adr/0015. Nothing here recurses: the patch may be nested as deep as its body is long.
import { KeyholdError } from "../core/errors.ts";
import { quote } from "../core/quote.ts";
import { parseJson } from "./json-object.ts";
import {
  emptyObject,
  type JsonNode,
  type JsonObject,
  type MemberNode,
  memberNodes,
  readJsonTree,
  writeJsonTree,
} from "./json-tree.ts";

/** An object of the target and the object of the patch that it is merged with. */
interface Merge {
  readonly target: JsonObject;
  readonly patch: JsonObject;
  /** The merge of the objects around; null at the top. */
  readonly parent: Merge | null;
}

/**
 * The target as the patch changes it; as it was, to the letter, if the patch changes nothing.
 *
 * Requires: a target that is valid JSON text.
 *
 * @param target - null where there is no value yet
 * @throws "invalid-json" unless the patch is JSON whose merged objects have distinct member names
 */
export function mergePatch(target: string | null, patch: string): string {
  parseJson(patch);
  const patchNode = readJsonTree(patch);
  if (!isObject(patchNode)) return writeJsonTree(patchNode);
  const targetNode = target === null ? emptyObject() : readJsonTree(target);
  const root = isObject(targetNode) ? targetNode : emptyObject();
  mergeAll(root, patchNode);
  return root === targetNode && !root.isChanged && target !== null ? target : writeJsonTree(root);
}

/** RFC 7396 §2, MergePatch(), with a list of what is left to do in place of recursion. */
function mergeAll(target: JsonObject, patch: JsonObject): void {
  const waiting: Merge[] = [{ target, patch, parent: null }];
  for (let merge = waiting.pop(); merge !== undefined; merge = waiting.pop()) {
    for (const [name, member] of namedOnce(merge.patch)) {
      const below = mergeMember(merge, name, member);
      if (below !== null) waiting.push(below);
    }
  }
}

/** Merges one member, but for what stands below it: that is returned. */
function mergeMember(merge: Merge, name: string, { nameText, value }: MemberNode): Merge | null {
  const members = memberNodes(merge.target);
  const current = members.get(name);
  if (value === "null") {
    if (members.delete(name)) markChanged(merge);
    return null;
  }
  if (isObject(value) && current !== undefined && isObject(current.value)) {
    return { target: current.value, patch: value, parent: merge };
  }
  // An object of the patch is merged with an empty one, so that its own nulls go.
  const placed = isObject(value) ? emptyObject() : value;
  members.set(name, { nameText: current?.nameText ?? nameText, value: placed });
  markChanged(merge);
  return isObject(value) && isObject(placed) ? { target: placed, patch: value, parent: merge } : null;
}

function markChanged(merge: Merge): void {
  for (let each: Merge | null = merge; each !== null && !each.target.isChanged; each = each.parent) {
    each.target.isChanged = true;
  }
}

function namedOnce(patch: JsonObject): ReadonlyMap<string, MemberNode> {
  const members = memberNodes(patch);
  if (patch.repeatedName !== null) {
    throw new KeyholdError(
      "invalid-json",
      `Cannot use the merge patch: it names ${quote(patch.repeatedName)} twice in one object; name each member once`,
    );
  }
  return members;
}

function isObject(node: JsonNode): node is JsonObject {
  return typeof node !== "string" && node.kind === "object";
}
