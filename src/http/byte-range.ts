// One byte range of a value (RFC 9110 §14). Several ranges, other units and malformed fields are ignored, as the standard
// allows: the whole value is always a right answer.

/** Bytes from `start` up to but not including `end`; or none of them. */
export type ByteRange = { readonly start: number; readonly end: number } | "unsatisfiable";

/** Null where the field asks for nothing that is served in part. */
export function parseByteRange(field: string | null, size: number): ByteRange | null {
  const match = field === null ? null : /^bytes=[ \t]*(\d{0,15})-(\d{0,15})[ \t]*$/i.exec(field);
  if (match === null) return null;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return null;
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, end: size };
  }
  const start = Number(first);
  if (last !== "" && Number(last) < start) return null;
  if (start >= size) return "unsatisfiable";
  return { start, end: last === "" ? size : Math.min(Number(last) + 1, size) };
}
