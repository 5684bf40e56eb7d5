// What is too much for one request, in several: used for keys, operations and lines alike.

export interface GroupBounds<T> {
  readonly countMax: number;
  readonly lengthMax: number;
  readonly lengthOf: (item: T) => number;
}

/** In their order, as many together as the bounds allow; what is longer by itself goes alone. */
export function inGroups<T>(
  items: readonly T[],
  { countMax, lengthMax, lengthOf }: GroupBounds<T>,
): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let length = 0;
  for (const item of items) {
    const added = lengthOf(item);
    const last = groups.at(-1);
    if (last !== undefined && last.length < countMax && length + added <= lengthMax) {
      last.push(item);
      length += added;
    } else {
      groups.push([item]);
      length = added;
    }
  }
  return groups;
}
