// What Keyhold refuses although Node's parser goes on: the whole list, each with its reason and with what must be seen in the
// request before it counts. A refusal that is not here, or is not shown, is a fault.
import type { WitnessMessage } from "./witness.ts";

export interface Deliberate {
  /** The member `rule` of the problem, or its code where it has none. */
  readonly rule: string;
  readonly why: string;
  readonly section: string;
  /** What must stand in the stream; null where the message shows it. */
  readonly stream: RegExp | null;
  /** What must hold of the message, once its head is whole; null where the stream shows it. */
  readonly message: ((message: WitnessMessage) => boolean) | null;
}

/** Where a refusal stands. */
export interface Place {
  /** As octets. */
  readonly stream: string;
  /** The message that was refused; null where its head is not whole. */
  readonly message: WitnessMessage | null;
  /** The one before it. */
  readonly before: WitnessMessage | null;
}

/** As the limits of src/core/limits.ts have it. */
const TARGET_BYTES = 12 * 1024;
const HEAD_BYTES = 16 * 1024;
const HEAD_FIELDS = 100;

export const DELIBERATE: readonly Deliberate[] = [
  {
    rule: "request-line",
    why: "a version, one space between the parts of a request line, few empty lines before it, no protocol but HTTP",
    section: "RFC 9112 §2.2, §3",
    stream: / {2}|(?:\r\n){3}| (?:RTSP|ICE)\/| [IR][A-Z]{0,3}$|[A-Z] [^ \r\n]*[\r\n]/,
    message: null,
  },
  {
    rule: "line-break",
    why: "a bare CR or LF ends no line, and is no empty line before a request",
    section: "RFC 9112 §2.2",
    stream: /\r(?!\n)|(?<!\r)\n/,
    message: null,
  },
  {
    rule: "version-not-supported",
    why: "HTTP/1.1 and HTTP/1.0 are spoken; 0.9 and 2.0 are framed otherwise",
    section: "RFC 9110 §2.5",
    stream: /HTTP\/[02-9]/,
    message: null,
  },
  {
    rule: "target",
    why: "a path, an http or https URI with a host, or * with OPTIONS; octets beyond ASCII must be UTF-8",
    section: "RFC 9112 §3.2",
    stream: null,
    message: ({ method, target }) => !isServed(method, target) || /%[89A-F]/.test(target),
  },
  {
    rule: "host",
    why: "a host and perhaps a port, in the field and in the target",
    section: "RFC 9112 §3.2",
    stream: null,
    message: (message) => ![...linesOf(message, "host"), authorityOf(message.target)].every(isHost),
  },
  {
    rule: "host-missing",
    why: "PRI is a method like any other, and not the beginning of HTTP/2",
    section: "RFC 9113 §3.4",
    stream: /PRI /,
    message: null,
  },
  {
    rule: "host-repeated",
    why: "one request is for one host",
    section: "RFC 9112 §3.2",
    stream: null,
    message: (message) => linesOf(message, "host").length > 1,
  },
  {
    rule: "content-length",
    why: "a length of sixteen digits or more is never meant",
    section: "RFC 9110 §8.6",
    stream: /content-length:[ \t]*[0-9]{16}/i,
    message: null,
  },
  {
    rule: "transfer-encoding",
    why: "chunked, once, is the one coding taken; whoever knows another may frame the message otherwise",
    section: "RFC 9112 §6.1",
    stream: null,
    message: (message) => (fieldOf(message, "transfer-encoding") ?? "chunked").toLowerCase() !== "chunked",
  },
  {
    rule: "length-and-coding",
    why: "a Transfer-Encoding is one though it is empty",
    section: "RFC 9112 §6.3",
    stream: null,
    message: (message) => fieldOf(message, "transfer-encoding") === "" && fieldOf(message, "content-length") !== null,
  },
  {
    rule: "coding-in-1.0",
    why: "HTTP/1.0 has no Transfer-Encoding: a proxy of that version frames such a message otherwise",
    section: "RFC 9112 §6.1",
    stream: null,
    message: (message) => message.version === "1.0" && fieldOf(message, "transfer-encoding") !== null,
  },
  {
    rule: "expectation-failed",
    why: "100-continue alone is an expectation that can be met",
    section: "RFC 9110 §10.1.1",
    stream: null,
    message: (message) => (fieldOf(message, "expect") ?? "100-continue").toLowerCase() !== "100-continue",
  },
  {
    rule: "chunk-size",
    why: "a chunk's size has twelve digits at most, and its line a thousand bytes",
    section: "RFC 9112 §7.1",
    stream: /\n[0-9A-Fa-f]{13}|\n[0-9A-Fa-f]+;[^\n]{1000}/,
    message: null,
  },
  {
    rule: "chunk-end",
    why: "no other reading: the witness says nothing of what it refuses last behind a request to upgrade (node-witness.mjs)",
    section: "RFC 9112 §7.1",
    stream: /upgrade/i,
    message: null,
  },
  {
    rule: "trailer",
    why: "what frames or routes a message, or ends its connection, stands in its head",
    section: "RFC 9110 §6.5.1",
    stream: /\r\n(?:host|connection):/i,
    message: null,
  },
  {
    rule: "chunk-extension",
    why: "an extension has a name, and with = a value, which is a token or is quoted, not some of both",
    section: "RFC 9112 §7.1.1",
    stream: /;[;=]|=(?:[;\r]|$|[^;"\r\n]+")/m,
    message: null,
  },
  {
    rule: "target-too-long",
    why: "targets are bounded",
    section: "RFC 9110 §15.5.15",
    stream: new RegExp(`[^ ]{${TARGET_BYTES}}`),
    message: null,
  },
  {
    rule: "head-too-large",
    why: "heads are bounded, in bytes and in fields",
    section: "RFC 6585 §5",
    stream: null,
    message: (message) => message.fields.length > HEAD_FIELDS || bytesOf(message) > HEAD_BYTES,
  },
];

/** Whether the reason for a refusal is there. */
export function isShown(deliberate: Deliberate, { stream, message, before }: Place): boolean {
  // A body that ends between CR and LF makes a bare LF of what stands behind it.
  if (deliberate.rule === "line-break" && before?.body.endsWith("\r") === true) return true;
  if (deliberate.stream !== null) return deliberate.stream.test(stream);
  return message === null || deliberate.message === null || deliberate.message(message);
}

/** Whether a connection is at its end behind a message, as RFC 9112 §9.3 has it: worked out here once more, for the judge. */
export function endsConnection(message: WitnessMessage): boolean {
  const options = (fieldOf(message, "connection") ?? "").split(",").map((option) => option.trim().toLowerCase());
  return options.includes("close") || (message.version === "1.0" && !options.includes("keep-alive"));
}

/** Values of a field joined by ", "; null where it is not there. */
export function fieldOf(message: WitnessMessage, name: string): string | null {
  const values = linesOf(message, name);
  return values.length === 0 ? null : values.join(", ");
}

function linesOf({ fields }: WitnessMessage, name: string): readonly string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

function isServed(method: string, target: string): boolean {
  if (target.startsWith("/")) return true;
  return target === "*" ? method === "OPTIONS" : method !== "CONNECT" && /^https?:\/\/[^/?#]/i.test(target);
}

function authorityOf(target: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(target)?.[1] ?? "";
}

/** Octets beyond ASCII come percent-encoded from the witness, and are none of a host. */
function isHost(host: string): boolean {
  return (
    !/%[89A-F]/.test(host) &&
    /^(?:(?:[\w.~!$&'()*+;=-]|%[0-9A-Fa-f]{2})*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/.test(host)
  );
}

/** As it is usually sent, with a space behind each colon. */
function bytesOf({ method, target, fields }: WitnessMessage): number {
  const line = method.length + target.length + "  HTTP/1.1\r\n\r\n".length;
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + ": \r\n".length, line);
}
