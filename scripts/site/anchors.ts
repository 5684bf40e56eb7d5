// The names of headings, as GitHub makes them, so that a link to a chapter works there and on the site alike.

/** Of one page: the same title a second time has a number behind it. */
export class Anchors {
  readonly #uses = new Map<string, number>();

  /** @param title - as Markdown has it */
  name(title: string): string {
    const plain = slugOf(title);
    const uses = this.#uses.get(plain) ?? 0;
    this.#uses.set(plain, uses + 1);
    return uses === 0 ? plain : `${plain}-${uses}`;
  }
}

function slugOf(title: string): string {
  return title
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}
