// A page of which one part is generated and the rest is written by hand: the part stands between two marks.

export const END_MARK = "<!-- End of what is generated. -->";

/** The page with another text between the mark that begins the part and END_MARK. @throws Error when the page has no such marks */
export function replacePart(page: string, beginMark: string, text: string): string {
  const begin = page.indexOf(beginMark);
  const end = page.indexOf(END_MARK, begin);
  if (begin === -1 || end === -1) throw new Error(`The page has no part between ${beginMark} and ${END_MARK}`);
  return `${page.slice(0, begin + beginMark.length)}\n\n${text.trim()}\n\n${page.slice(end)}`;
}
