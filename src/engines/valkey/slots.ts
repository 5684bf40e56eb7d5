// The slot of a key in a cluster: CRC-16 of the key, or of its part in braces (Valkey cluster specification, "Hash tags").

import { taggedPart } from "../../store/partitions.ts";

export const SLOTS = 16_384;

const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc & 0xffff;
});

export function slotOf(key: string): number {
  return crc16(Buffer.from(taggedPart(key))) % SLOTS;
}

/** As slotOf(), for the thousands that are tried to find one. Requires: ASCII without braces. */
export function slotOfTag(tag: string): number {
  let crc = 0;
  for (let at = 0; at < tag.length; at++) crc = nextCrc(crc, tag.charCodeAt(at));
  return crc % SLOTS;
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) crc = nextCrc(crc, byte);
  return crc;
}

function nextCrc(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ byte] ?? 0);
}
