// A list of a million rows is taller than a browser makes an element. Above a bound the element is only as tall as the
// bound, and places are mapped: small movements (wheel, touch, keys) move by as many pixels as they say, great ones (the
// bar is dragged) go to the same share of the list. Small movements let the two drift apart, so that once it is quiet the
// element's own place is set anew (`settled`), which the eye does not see.

export const ELEMENT_HEIGHT_MAX = 6_000_000;
/** Movements above this many screens are those of the bar. */
const SMALL_SCREENS = 3;

export interface ScrollMap {
  /** Where the screen begins, in pixels of the list. */
  readonly top: number;
  /** What the element's scrollTop was at that. */
  readonly place: number;
}

export interface ScrollSize {
  readonly listHeight: number;
  readonly viewHeight: number;
}

export function elementHeight({ listHeight }: Pick<ScrollSize, "listHeight">): number {
  return Math.min(listHeight, ELEMENT_HEIGHT_MAX);
}

export function scrolled(before: ScrollMap, place: number, size: ScrollSize): ScrollMap {
  if (size.listHeight <= ELEMENT_HEIGHT_MAX) return { top: place, place };
  const moved = place - before.place;
  const isSmall = Math.abs(moved) <= size.viewHeight * SMALL_SCREENS;
  const top = isSmall ? before.top + moved : place * ratio(size);
  return { top: clampTop(top, size), place };
}

/** The same place, as the element should have it. */
export function settled({ top }: Pick<ScrollMap, "top">, size: ScrollSize): ScrollMap {
  const kept = clampTop(top, size);
  return { top: kept, place: size.listHeight <= ELEMENT_HEIGHT_MAX ? kept : Math.round(kept / ratio(size)) };
}

/** The least movement after which a row is wholly on the screen. */
export function reveal(map: ScrollMap, row: { readonly top: number; readonly height: number }, size: ScrollSize) {
  if (row.top < map.top) return settled({ top: row.top }, size);
  if (row.top + row.height > map.top + size.viewHeight) {
    return settled({ top: row.top + row.height - size.viewHeight }, size);
  }
  return map;
}

function clampTop(top: number, { listHeight, viewHeight }: ScrollSize): number {
  return Math.max(0, Math.min(top, listHeight - viewHeight));
}

function ratio({ listHeight, viewHeight }: ScrollSize): number {
  return (listHeight - viewHeight) / Math.max(1, ELEMENT_HEIGHT_MAX - viewHeight);
}
