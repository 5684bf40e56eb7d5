// The two uses of chance: pauses that differ, so that clients that failed together do not come back together, and names of
// writes. From crypto.getRandomValues, as crypto.randomUUID is missing in pages that came without TLS.

/** From 0 up to but not including 1. */
export function randomFraction(): number {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return number / 2 ** 32;
}

/** A version 4 UUID (RFC 9562 §5.4). */
export function newWriteName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
