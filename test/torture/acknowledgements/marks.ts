// Marks: short texts, each in one write and in no other, that can be told in the bytes of a request and of a page alike. A write
// that stores nothing of its own, a deletion, is known by the record that its Idempotency-Key leaves: that names the key in a way in
// which nothing else does.

/** Characters of a mark, and of what may stand before it. */
export const MARK_LENGTH_MAX = 40;

export function makeMark(lane: number, number: number): string {
  return `Mark${lane}x${number}z`;
}

/** The marks of a request. @param text - as strace prints it */
export function* marksAsked(text: string): Generator<string> {
  for (const [, deletion, mark = ""] of text.matchAll(/(DELETE \/keys\/)?(Mark\d+x\d+z)/g))
    yield deletion === undefined ? mark : deletionOf(mark);
}

/** The marks of a page: those of all entries and records in it, old ones too. @param text - as strace prints it */
export function* marksWritten(text: string): Generator<string> {
  for (const [, record, mark = ""] of text.matchAll(/(\[\\")?(Mark\d+x\d+z)/g)) {
    yield mark;
    if (record !== undefined) yield deletionOf(mark);
  }
}

function deletionOf(mark: string): string {
  return `deletion of ${mark}`;
}
