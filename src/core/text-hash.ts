// FNV-1a of 32 bits over the UTF-16 units of a text: quick, and even enough to spread texts over a table. Whoever chooses texts can
// make them collide, so nothing may rest on it but speed.
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** Not negative. */
export function hashText(text: string): number {
  let hash = BASIS;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
  return hash >>> 0;
}
