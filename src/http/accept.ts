// Content negotiation by Accept (RFC 9110 §12.5.1), as far as a few representations need it.
import { essence } from "../core/media-type.ts";

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/**
 * The offer that the client prefers, the earlier of two that it likes equally; null when it accepts none.
 *
 * @param offers - media types, most preferred by the server first; parameters are not looked at
 */
export function negotiate(accept: string | null, offers: readonly string[]): string | null {
  if (accept === null || accept === "*/*") return offers[0] ?? null;
  const ranges = parseAccept(accept);
  // An empty list asks for nothing in particular.
  if (ranges.length === 0) return offers[0] ?? null;
  let best: string | null = null;
  let bestQuality = 0;
  for (const offer of offers) {
    const quality = qualityOf(essence(offer), ranges);
    if (quality > bestQuality) {
      best = offer;
      bestQuality = quality;
    }
  }
  return best;
}

/** Whether a client that names the codings it takes takes gzip; one that names none is sent what it can read as it is. */
export function takesGzip(acceptEncoding: string | null): boolean {
  if (acceptEncoding === null) return false;
  const codings = parseAccept(acceptEncoding);
  const gzip = codings.find(({ type }) => type === "gzip") ?? codings.find(({ type }) => type === "*");
  return gzip !== undefined && gzip.quality > 0;
}

/** The most specific range that takes the type decides. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const group = `${type.slice(0, type.indexOf("/"))}/*`;
  for (const range of [type, group, "*/*"]) {
    const match = ranges.find((candidate) => candidate.type === range);
    if (match !== undefined) return match.quality;
  }
  return 0;
}

function parseAccept(accept: string): readonly MediaRange[] {
  const parts = accept.split(",").filter((part) => part.trim() !== "");
  return parts.map((part) => {
    const quality = /;\s*q=([01](?:\.\d{0,3})?)\s*(?:;|$)/i.exec(part)?.[1];
    return { type: essence(part), quality: quality === undefined ? 1 : Math.min(1, Number(quality)) };
  });
}
