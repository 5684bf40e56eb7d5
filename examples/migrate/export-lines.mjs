// What the programs beside this one share: an export of Keyhold, written line by line (docs/formats.md), and an account of what
// could not be carried. Lines go to standard output, the account to standard error.
import { createHash } from "node:crypto";
import { once } from "node:events";

const KEY_BYTES_MAX = 255;
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;
const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How a program ends that has left something out; what it has written is whole all the same. */
const LEFT_OUT = 3;

/** One export. `maxValue` is what --max-value of the server says; `isJson` marks values that are JSON objects or arrays as such. */
export class Export {
  #digest = createHash("sha256");
  #keys = new Set();
  #leftOut = 0;
  #ending = 0;
  #notes = new Set();
  #maxValue;
  #isJson;

  constructor({ maxValue = 1_048_576, isJson = false } = {}) {
    this.#maxValue = maxValue;
    this.#isJson = isJson;
  }

  async begin() {
    await this.#write({
      keyhold_export: 1,
      revision: 0,
      incarnation: "elsewhere",
      at: new Date().toISOString(),
      prefix: "",
    });
  }

  /** Key and value as bytes, the end in ms since 1970 or null. What Keyhold cannot hold is left out, and told. */
  async add(keyBytes, value, endsAtMs = null) {
    const key = textOf(keyBytes);
    const reason = key === null ? "the key is no UTF-8" : reasonAgainst(key, value.length, this.#maxValue);
    if (reason !== null) return this.leaveOut(keyBytes, reason);
    if (this.#keys.has(key)) return;
    this.#keys.add(key);
    const text = textOf(value);
    await this.#write({
      key,
      ...(text === null ? { base64: Buffer.from(value).toString("base64") } : { text }),
      content_type: typeOf(text, this.#isJson),
      expires_at: endsAtMs === null ? null : new Date(endsAtMs).toISOString(),
    });
    if (endsAtMs !== null) this.#ending++;
  }

  leaveOut(key, reason) {
    this.#leftOut++;
    const shown = textOf(key) ?? Buffer.from(key).toString("latin1");
    process.stderr.write(`left out: ${JSON.stringify(shown)}: ${reason}\n`);
  }

  /** Something about all of it that does not come along; said once. */
  note(sentence) {
    this.#notes.add(sentence);
  }

  /** The last line, by which an import sees that nothing is missing; then the account. */
  async end() {
    const entries = this.#keys.size;
    await this.#write({ entries, sha256: this.#digest.copy().digest("hex") });
    for (const note of this.#notes) process.stderr.write(`note: ${note}\n`);
    process.stderr.write(
      `${entries} entries written, ${this.#ending} of them with an end; ${this.#leftOut} left out\n`,
    );
    if (this.#leftOut > 0) process.exitCode = LEFT_OUT;
  }

  async #write(line) {
    const text = `${JSON.stringify(line)}\n`;
    this.#digest.update(text);
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  }
}

/** The options of the command line that all these programs take, and what else stands there. */
export function readArguments(args) {
  const rest = [];
  const options = {};
  for (let index = 0; index < args.length; index++) {
    if (args[index] === "--json") options.isJson = true;
    else if (args[index] === "--max-value") options.maxValue = numberOf(args[++index]);
    else rest.push(args[index]);
  }
  return { options, rest };
}

/** Runs a program; a fault is one sentence and exit code 1. */
export async function run(body) {
  try {
    await body();
  } catch (error) {
    const cause = error.cause?.message ?? error.cause?.code;
    process.stderr.write(
      `failed: ${error.message}${cause === undefined ? "" : `: ${cause}`}; what was written is not whole\n`,
    );
    process.exitCode = 1;
  }
}

function reasonAgainst(key, valueBytes, maxValue) {
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes === 0) return "the key is empty";
  if (keyBytes > KEY_BYTES_MAX) return `the key has ${keyBytes} bytes, over ${KEY_BYTES_MAX}`;
  if (CONTROL.test(key)) return "the key holds control characters";
  if (DOT_SEGMENT.test(key)) return 'the key has "." or ".." between slashes';
  if (valueBytes > maxValue) return `the value has ${valueBytes} bytes, over ${maxValue} (--max-value)`;
  return null;
}

/** As Keyhold's own /-/redis stores values: text where they are text. */
function typeOf(text, isJson) {
  if (text === null) return "application/octet-stream";
  return isJson && isObjectOrArray(text) ? "application/json" : "text/plain; charset=utf-8";
}

function isObjectOrArray(text) {
  try {
    return /^\s*[[{]/.test(text) && typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** Null for bytes that are no UTF-8. */
function textOf(bytes) {
  try {
    return strictText.decode(bytes);
  } catch {
    return null;
  }
}

function numberOf(text) {
  if (/^\d+$/.test(text ?? "")) return Number(text);
  throw new Error(`--max-value wants a number of bytes, not ${text}`);
}
