// Which octets may stand where in a message (RFC 9110 §5.5 and §5.6.2, RFC 3986), as tables that a loop looks up: 1 for those
// that may.

export const CR = 0x0d;
export const LF = 0x0a;
export const SPACE = 0x20;
export const TAB = 0x09;
export const COLON = 0x3a;

/** Of a token: a method, the name of a field. */
export const TOKEN = tableOf((octet) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(octet)));

/** Of a field's value: what is visible, spaces and tabs, and octets that have no meaning (obs-text). */
export const FIELD_TEXT = tableOf((octet) => octet === TAB || (octet >= SPACE && octet !== 0x7f));

/** Of a target, as clients send it: all that is visible, and octets that may be UTF-8. */
export const TARGET = tableOf((octet) => octet > SPACE && octet !== 0x7f);

function tableOf(may: (octet: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, octet) => (may(octet) ? 1 : 0));
}
