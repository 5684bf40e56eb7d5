// Which lines of one text another does not have: by the longest common subsequence where the texts are short, and else by
// what they have in common at both ends.

export interface Line {
  readonly text: string;
  /** Whether the other text does not have it here. */
  readonly isOwn: boolean;
}

/** Steps of the comparison that are taken at most. */
const CELLS_MAX = 1_000_000;

export function diffLines(own: string, other: string): readonly Line[] {
  const mine = own.split("\n");
  const theirs = other.split("\n");
  let head = 0;
  while (head < mine.length && head < theirs.length && mine[head] === theirs[head]) head++;
  let tail = 0;
  const rest = Math.min(mine.length, theirs.length) - head;
  while (tail < rest && mine[mine.length - 1 - tail] === theirs[theirs.length - 1 - tail]) tail++;
  const middle = mine.slice(head, mine.length - tail);
  const common = commonLines(middle, theirs.slice(head, theirs.length - tail));
  return mine.map((text, index) => {
    const isMiddle = index >= head && index < mine.length - tail;
    return { text, isOwn: isMiddle && !common.has(index - head) };
  });
}

/** Places in `mine` of lines that both have, in the same order. */
function commonLines(mine: readonly string[], theirs: readonly string[]): ReadonlySet<number> {
  const width = theirs.length + 1;
  if (mine.length * width > CELLS_MAX) return new Set();
  const longest = new Uint32Array((mine.length + 1) * width);
  const at = (row: number, column: number) => longest[row * width + column] ?? 0;
  for (let row = mine.length - 1; row >= 0; row--) {
    for (let column = theirs.length - 1; column >= 0; column--) {
      const isSame = mine[row] === theirs[column];
      longest[row * width + column] = isSame
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const common = new Set<number>();
  for (let row = 0, column = 0; row < mine.length && column < theirs.length; ) {
    if (mine[row] === theirs[column]) {
      common.add(row++);
      column++;
    } else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return common;
}
