import { describe, expect, test } from "bun:test";
import type { Change } from "../../core/batch.ts";
import { toRevision } from "../../core/entry.ts";
import { parseKey } from "../../core/key.ts";
import { parsePattern } from "../../core/pattern.ts";
import { EVERY_KEY, type KeySet } from "../../core/range.ts";
import type { Selection } from "../entries.ts";
import { type Channel, Channels, type Interest } from "./channels.ts";

function interestIn(selection: Selection, hasTouches = false): Interest {
  return { selection, hasTouches, hasValues: true };
}

function setOf(narrowing: Partial<KeySet>): Selection {
  return { set: { ...EVERY_KEY, ...narrowing } };
}

function changeOf(name: string, kind: "put" | "touch" = "put"): Change {
  return { kind, key: parseKey(name), revision: toRevision(1) };
}

/** Whom the index finds, without those that it cannot tell and that do not take the change. */
function concerned(channels: Channels, name: string, kind: "put" | "touch" = "put"): readonly Channel[] {
  const change = changeOf(name, kind);
  const found = [...channels.concernedBy([change], 0).keys()].flatMap((group) => [...group]);
  return found.filter((channel) => {
    if (channel.isIndexed) expect(channel.takes(change)).toBe(true);
    return channel.takes(change);
  });
}

describe("channels", () => {
  test.each<[Selection, readonly string[], readonly string[]]>([
    [setOf({}), ["a", "é"], []],
    [setOf({ prefix: "ab" }), ["ab", "abc"], ["a", "b", "aab"]],
    [setOf({ pattern: parsePattern("a*z") }), ["az", "a1z"], ["a", "za", "azb"]],
    [setOf({ prefix: "ab", pattern: parsePattern("a*z") }), ["abz"], ["az", "ab"]],
    [setOf({ prefix: "b", pattern: parsePattern("aa*") }), [], ["b", "aa", "baa"]],
    [setOf({ start: "b", end: "c" }), ["b", "bz"], ["a", "c", "ca"]],
    [setOf({ prefix: "\u{1f600}" }), ["\u{1f600}x"], ["\u{1f601}"]],
    [{ keys: [parseKey("a"), parseKey("b")] }, ["a", "b"], ["ab", "c"]],
  ])("of %j are found by the changes that concern them", (selection, inside, outside) => {
    const channels = new Channels();
    const channel = channels.open(interestIn(selection));
    for (const name of inside) expect(concerned(channels, name)).toEqual([channel]);
    for (const name of outside) expect(concerned(channels, name)).toEqual([]);
  });

  test("are shared by the same interest, and by no other", () => {
    const channels = new Channels();
    const channel = channels.open(interestIn(setOf({ prefix: "a" })));
    expect(channels.open(interestIn(setOf({ prefix: "a" })))).toBe(channel);
    expect(channels.open(interestIn(setOf({ prefix: "a" }), true))).not.toBe(channel);
    expect(channels.open(interestIn(setOf({ pattern: parsePattern("a*") })))).not.toBe(channel);
    expect(channels.open(interestIn({ keys: [parseKey("a")] }))).not.toBe(channel);
  });

  test("are told of touches only where they are wanted", () => {
    const channels = new Channels();
    channels.open(interestIn(setOf({ prefix: "a" })));
    const touched = channels.open(interestIn(setOf({ prefix: "a" }), true));
    expect(concerned(channels, "a", "touch")).toEqual([touched]);
  });

  test("are found with the position of the last change under their key or prefix, once in each group", () => {
    const channels = new Channels();
    const one = channels.open(interestIn(setOf({ prefix: "a" })));
    const same = channels.open(interestIn(setOf({ prefix: "a", pattern: parsePattern("*z") })));
    const named = channels.open(interestIn({ keys: [parseKey("a1"), parseKey("b")] }));
    const changes = [changeOf("a1"), changeOf("b"), changeOf("a2"), changeOf("c"), changeOf("a3", "touch")];
    const found = [...channels.concernedBy(changes, 10)].map(([group, last]) => [[...group], last]);
    expect(found).toEqual([
      [[named], 10],
      [[one, same], 12],
      [[named], 11],
    ]);
  });

  test("are found no more once they are closed, and others under the same prefix still are", () => {
    const channels = new Channels();
    const [one, two] = [interestIn(setOf({ prefix: "a" })), interestIn(setOf({ prefix: "a", end: "b" }))];
    const closed = channels.open(one);
    const other = channels.open(two);
    const named = channels.open(interestIn({ keys: [parseKey("a1")] }));
    channels.close(closed);
    expect(concerned(channels, "a1").toSorted((a, b) => a.id - b.id)).toEqual([other, named]);
    channels.close(other);
    channels.close(named);
    expect(concerned(channels, "a1")).toEqual([]);
    expect(channels.open(one)).not.toBe(closed);
  });
});
