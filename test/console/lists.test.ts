// The console's list without a browser: which names are in memory, where keys stand, how places on the screen are mapped, and
// how folders are found.
import { describe, expect, test } from "bun:test";
import { KeyWindow, type Wanted } from "../../src/console/model/key-window.ts";
import { readFolders, trailOf } from "../../src/console/model/prefix-tree.ts";
import { ELEMENT_HEIGHT_MAX, elementHeight, reveal, scrolled, settled } from "../../src/console/model/scroll-map.ts";
import { compareKeys } from "../../src/core/key.ts";
import { makeSeededRandom } from "../support/seeded-random.ts";

const SEED = Number(process.env["SEED"] ?? Math.trunc(performance.now() * 1000));

/** A server that lists, as far as the window asks it. */
class Listing {
  readonly keys: string[];
  asked = 0;

  constructor(count: number) {
    this.keys = Array.from({ length: count }, (_, index) => `k${String(index).padStart(7, "0")}`);
  }

  /** Reads until the positions can be shown, as the list does. */
  fill(window: KeyWindow, from: number, to: number): readonly (string | null)[] {
    for (let wanted = window.wanted(from, to); wanted !== null; wanted = window.wanted(from, to)) {
      this.asked++;
      this.#answer(window, wanted);
    }
    return window.names(from, to);
  }

  #answer(window: KeyWindow, wanted: Wanted): void {
    if (wanted.kind === "further") {
      const rest = this.keys.filter((key) => wanted.start === null || compareKeys(key, wanted.start) > 0);
      window.addFurther(rest.slice(0, 2000), rest.length <= 2000);
      return;
    }
    const { start, end, lastKey } = wanted;
    const within = (key: string) =>
      compareKeys(key, start) >= 0 && compareKeys(key, end ?? lastKey) < (end === null ? 1 : 0);
    window.setSegment(start, this.keys.filter(within).slice(0, 2000));
  }
}

describe("the window of names", () => {
  test("shows what stands at each place, and reads again what it has dropped", () => {
    const listing = new Listing(60_000);
    const window = new KeyWindow();
    expect(listing.fill(window, 59_990, 60_010)).toEqual(listing.keys.slice(59_990));
    expect(window.length).toBe(60_000);
    const asked = listing.asked;
    expect(listing.fill(window, 10, 13)).toEqual(listing.keys.slice(10, 13));
    expect(listing.asked).toBe(asked + 1);
  });

  test("is as long as was counted until its end has been seen", () => {
    const window = new KeyWindow();
    const listing = new Listing(3000);
    listing.fill(window, 0, 10);
    window.estimate(5000);
    expect([window.length, window.isWhole]).toEqual([5000, false]);
    listing.fill(window, 2990, 3010);
    expect([window.length, window.isWhole]).toEqual([3000, true]);
  });

  test("of an empty list is empty, and takes its first key", () => {
    const window = new KeyWindow();
    expect(new Listing(0).fill(window, 0, 10)).toEqual([]);
    expect(window.insert("a")).toBe(true);
    expect(window.names(0, 10)).toEqual(["a"]);
    expect(window.remove("a")).toBe(true);
    expect(window.length).toBe(0);
    expect(window.insert("a")).toBe(true);
    expect(window.names(0, 10)).toEqual(["a"]);
  });

  test("loses none of many keys that are put behind its last one", () => {
    const listing = new Listing(30_000);
    const window = new KeyWindow();
    listing.fill(window, 29_990, 30_010);
    for (let index = 30_000; index < 33_000; index++) {
      const key = `k${String(index).padStart(7, "0")}`;
      listing.keys.push(key);
      window.insert(key);
    }
    listing.fill(window, 0, 19_500);
    expect(listing.fill(window, 29_000, 33_010)).toEqual(listing.keys.slice(29_000));
  });

  test(`follows random puts and deletions as a sorted list does (SEED=${SEED})`, () => {
    const random = makeSeededRandom(SEED);
    const listing = new Listing(3000);
    const window = new KeyWindow();
    listing.fill(window, 0, 4000);
    for (let step = 0; step < 2000; step++) {
      const key = `k${String(random.below(3200)).padStart(7, "0")}${random.oneIn(2) ? "" : "x"}`;
      const at = listing.keys.indexOf(key);
      if (random.oneIn(2)) {
        expect(window.insert(key)).toBe(at < 0);
        if (at < 0) listing.keys.push(key);
      } else {
        expect(window.remove(key)).toBe(at >= 0);
        if (at >= 0) listing.keys.splice(at, 1);
      }
    }
    const sorted = listing.keys.toSorted(compareKeys);
    expect(window.names(0, 5000)).toEqual(sorted);
    expect(window.indexOf(sorted[1234] ?? "")).toBe(1234);
  });

  test("says nothing of a key behind what has been read", () => {
    const window = new KeyWindow();
    const listing = new Listing(3000);
    listing.fill(window, 0, 10);
    expect(window.insert("k0002500x")).toBe(false);
    expect(listing.fill(window, 2500, 2501)).toEqual([listing.keys[2500] ?? null]);
  });
});

describe("places on the screen", () => {
  const size = { listHeight: 48_000_000, viewHeight: 600 };

  test("are the list's own while it is short enough", () => {
    expect(scrolled({ top: 0, place: 0 }, 900, { listHeight: 5000, viewHeight: 600 })).toEqual({
      top: 900,
      place: 900,
    });
  });

  test("of a list taller than an element move by as much as the wheel does, and reach both ends by the bar", () => {
    expect(elementHeight(size)).toBe(ELEMENT_HEIGHT_MAX);
    expect(scrolled({ top: 1000, place: 125 }, 225, size)).toEqual({ top: 1100, place: 225 });
    const bottom = scrolled({ top: 0, place: 0 }, ELEMENT_HEIGHT_MAX - 600, size);
    expect(Math.round(bottom.top)).toBe(size.listHeight - 600);
    expect(scrolled(bottom, 0, size).top).toBe(0);
  });

  test("are put right once it is quiet, without the list moving", () => {
    const drifted = { top: 24_000_000, place: 100 };
    const { top, place } = settled(drifted, size);
    expect(top).toBe(drifted.top);
    expect(Math.abs(place - ELEMENT_HEIGHT_MAX / 2)).toBeLessThan(600);
  });

  test("move no further than a row needs to be seen", () => {
    const short = { listHeight: 5000, viewHeight: 600 };
    expect(reveal({ top: 0, place: 0 }, { top: 590, height: 48 }, short).top).toBe(38);
    expect(reveal({ top: 100, place: 100 }, { top: 48, height: 48 }, short).top).toBe(48);
    expect(reveal({ top: 100, place: 100 }, { top: 148, height: 48 }, short).top).toBe(100);
  });
});

describe("folders", () => {
  const read = (keys: readonly string[], asked: string[] = []) => {
    return async ({ prefix, start, limit }: { prefix: string; start: string | null; limit: number }) => {
      asked.push(start ?? "");
      return keys.filter((key) => key.startsWith(prefix) && (start === null || key >= start)).slice(0, limit);
    };
  };

  test("are found by leaping over what is in them", async () => {
    const deep = Array.from({ length: 20_000 }, (_, index) => `big/${String(index).padStart(6, "0")}`);
    const asked: string[] = [];
    const found = await readFolders("", "/:", read([...deep, "loose", "small:1", "small:2"], asked));
    expect(found).toEqual({
      folders: [
        { prefix: "big/", label: "big/" },
        { prefix: "small:", label: "small:" },
      ],
      isCut: false,
    });
    expect(asked.length).toBe(2);
  });

  test("that are too many are cut, and said to be", async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `f${String(index).padStart(4, "0")}/a`);
    const found = await readFolders("", "/", read(keys));
    expect([found.folders.length, found.isCut]).toEqual([200, true]);
  });

  test("lead to a prefix, which need not end one", () => {
    expect(trailOf("a/b:c", "/:").map(({ label }) => label)).toEqual(["a/", "b:", "c"]);
    expect(trailOf("a/b:", "/").map(({ prefix }) => prefix)).toEqual(["a/", "a/b:"]);
  });
});
