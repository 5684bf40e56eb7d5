// How a fault shows what somebody sent: quoted, escaped, and cut where it is long.

const SHOWN_LENGTH_MAX = 80;

export function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text);
}
